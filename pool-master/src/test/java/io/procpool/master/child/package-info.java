// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of child processes and spares. Start at {@code ChildProcessTest}. */
package io.procpool.master.child;
