// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ThrowableCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads what comes with messages of workers. */
final class Payloads {
  private static final int MAX_TEXT_BYTES = 64 * 1024;

  private Payloads() {}

  /** Returns a text; the rest of one that is too long is dropped. */
  static String text(ByteBuffer payload) {
    int length = Math.min(payload.remaining(), MAX_TEXT_BYTES);
    return StandardCharsets.UTF_8
        .decode(payload.slice(payload.position(), length))
        .toString();
  }

  /** Returns an exception that came out of a hook. */
  static Throwable thrown(ByteBuffer payload, Hook hook) throws IOException {
    ClassLoader own = Payloads.class.getClassLoader();
    ClassLoader loader = OriginLoader.of(own, hook.origin().loaders());
    return ThrowableCodec.read(new PayloadReader(payload), loader, null);
  }
}
