// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Objects that live in a server and are used by any process through the JDK interface they have: start with {@link
 * io.procpool.manager.Manager}.
 */
@NullMarked
package io.procpool.manager;

import org.jspecify.annotations.NullMarked;
