// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of pools as meters. */
package io.procpool.metrics;
