// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.List;

/**
 * A reply and the objects whose handles are in it, which the client that gets it has from then on.
 *
 * @param objects as often as they are in it
 */
record Answer(byte[] message, List<Reference> objects) {}
