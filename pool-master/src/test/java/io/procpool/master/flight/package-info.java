// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of the events for JDK Flight Recorder. */
package io.procpool.master.flight;
