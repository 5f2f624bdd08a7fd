// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

/** An object and its number: as long as one of these is somewhere, the object is kept. */
record Reference(long number, Served object) {}
