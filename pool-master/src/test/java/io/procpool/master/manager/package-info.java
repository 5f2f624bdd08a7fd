// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Managers: their collections against those of the JDK, what processes see of each other, and what happens when somebody dies or lies. */
@NullMarked
package io.procpool.master.manager;

import org.jspecify.annotations.NullMarked;
