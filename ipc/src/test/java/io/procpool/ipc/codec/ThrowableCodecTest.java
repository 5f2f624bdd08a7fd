// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import static io.procpool.ipc.codec.Values.LOADER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procpool.RemoteTaskException;
import io.procpool.RemoteTrace;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ThrowableCodecTest {
  /** An exception comes back as itself, with its frames, and with the remote trace as innermost cause. */
  @Test
  void write_ordinary_comesBackWithRemoteTrace() throws Exception {
    IllegalStateException thrown = new IllegalStateException("outer", new IOException("inner"));
    Throwable copy = copy(thrown);
    assertThat(copy).isInstanceOf(IllegalStateException.class).hasMessage("outer");
    assertThat(copy.getStackTrace()).isEqualTo(thrown.getStackTrace());
    assertThat(copy.getCause()).isInstanceOf(IOException.class);
    RemoteTrace trace = (RemoteTrace) copy.getCause().getCause();
    assertThat(trace.worker()).isEqualTo("worker-3");
    assertThat(trace.pid()).isEqualTo(4711);
    assertThat(trace).hasMessageStartingWith("in worker-3 (pid 4711), task 88\n");
    assertThat(trace.trace())
        .contains(
            "IllegalStateException: outer", "write_ordinary_", "Caused by: java.io.IOException");
  }

  /** One with a locked cause has the trace among the suppressed; one without suppression comes back all the same. */
  @Test
  void write_lockedCause_isSuppressedInstead() throws Exception {
    Throwable copy = copy(new RuntimeException("locked", null));
    assertThat(copy).hasNoCause();
    assertThat(copy.getSuppressed()).hasSize(1).allMatch(RemoteTrace.class::isInstance);

    Throwable closed = copy(new Closed());
    assertThat(closed).isInstanceOf(Closed.class).hasNoCause().hasNoSuppressedExceptions();
  }

  private static final class Closed extends Exception {
    private static final long serialVersionUID = 1;

    Closed() {
      super("closed", null, false, false);
    }
  }

  /** Causes that run in a circle end. */
  @Test
  void write_cyclicCauses_ends() throws Exception {
    Exception a = new Exception("a");
    Exception b = new Exception("b", a);
    a.initCause(b);
    Throwable copy = copy(a);
    assertThat(copy).hasMessage("a");
    assertThat(copy.getCause()).hasMessage("b");
    assertThat(copy.getCause().getSuppressed()).hasSize(1);
  }

  /** What was thrown two processes away has both traces. */
  @Test
  void write_twice_keepsBothTraces() throws Exception {
    Throwable copy = copy(copy(new IOException("deep")));
    assertThat(copy).hasMessage("deep").hasCauseInstanceOf(RemoteTrace.class);
    assertThat(copy.getSuppressed()).hasSize(1).allMatch(RemoteTrace.class::isInstance);
  }

  /** One that cannot be serialized arrives as text. */
  @Test
  void write_notSerializable_isRemoteTaskException() throws Exception {
    Throwable copy = copy(new Holding(new Object()));
    assertThat(copy).isInstanceOf(RemoteTaskException.class).hasCauseInstanceOf(RemoteTrace.class);
    RemoteTaskException remote = (RemoteTaskException) copy;
    assertThat(remote.remoteClass()).isEqualTo(Holding.class.getName());
    assertThat(remote.remoteMessage()).isEqualTo("holding");
    assertThat(remote.remoteTrace()).contains("write_notSerializable_");
  }

  private static final class Holding extends Exception {
    private static final long serialVersionUID = 1;
    private final Object held;

    Holding(Object held) {
      super("holding");
      this.held = held;
    }

    @SuppressWarnings("unused") // makes reading fail
    private void readObject(ObjectInputStream stream) throws IOException {
      throw new IllegalStateException("not here");
    }
  }

  /** One whose class is missing here, or whose readObject fails, arrives as text, with the reason. */
  @Test
  void read_cannotBeRebuilt_isRemoteTaskException() throws Exception {
    Throwable missing = read(encode(new Closed()), ClassLoader.getPlatformClassLoader());
    assertThat(missing)
        .isInstanceOf(RemoteTaskException.class)
        .hasMessage(Closed.class.getName() + ": closed");
    assertThat(missing.getSuppressed()[0]).hasMessageContaining("class not found here");

    Throwable failing = read(encode(new Holding("a string")), LOADER);
    assertThat(failing).isInstanceOf(RemoteTaskException.class);
    assertThat(failing.getSuppressed()[0]).hasMessageContaining("not here");
  }

  /**
   * A stack overflow arrives as itself, with its frames, at a bounded size. The JVM makes it without room for a cause or
   * for suppressed exceptions; one wrapped in another exception has the trace there.
   */
  @Test
  void write_stackOverflow_comesBack() throws Exception {
    StackOverflowError thrown = overflow();
    Throwable copy = copy(thrown);
    assertThat(copy).isInstanceOf(StackOverflowError.class);
    assertThat(copy.getStackTrace()).isEqualTo(thrown.getStackTrace());
    assertThat(encode(thrown)).hasSizeLessThan(256 << 10);
  }

  private static StackOverflowError overflow() {
    try {
      return endless(0);
    } catch (StackOverflowError e) {
      return e;
    }
  }

  private static StackOverflowError endless(int n) {
    return endless(n + 1);
  }

  /** Exceptions whose own methods throw are encoded all the same. */
  @Test
  void write_methodsThatThrow_stillArrives() throws Exception {
    Throwable copy = copy(new Hostile());
    assertThat(copy).isInstanceOf(Hostile.class);
    RemoteTaskException text =
        (RemoteTaskException) read(encode(new Hostile()), ClassLoader.getPlatformClassLoader());
    assertThat(text.remoteMessage()).contains("getMessage() failed");
    assertThat(text.remoteTrace()).contains(Hostile.class.getName(), "cannot be printed");
  }

  private static final class Hostile extends RuntimeException {
    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new IllegalStateException("message");
    }

    @Override
    public String toString() {
      throw new IllegalStateException("toString");
    }

    @Override
    public StackTraceElement[] getStackTrace() {
      throw new IllegalStateException("frames");
    }

    @Override
    public synchronized @Nullable Throwable getCause() {
      throw new IllegalStateException("cause");
    }

    @Override
    public void printStackTrace(PrintWriter writer) {
      throw new IllegalStateException("print");
    }
  }

  /** A huge message is cut to its bound, and the trace keeps its beginning and its end. */
  @Test
  void write_hugeMessage_isBounded() throws Exception {
    Exception thrown = new Exception("x".repeat(6 << 20), new IOException("the end"));
    byte[] bytes = encode(thrown);
    assertThat(bytes).hasSizeLessThan(2 << 20);
    RemoteTaskException copy = (RemoteTaskException) read(bytes, LOADER);
    assertThat(copy.remoteMessage()).hasSize(ThrowableCodec.MAX_MESSAGE_CHARS);
    assertThat(copy.remoteTrace())
        .hasSizeLessThan(ThrowableCodec.MAX_TRACE_CHARS + 1)
        .startsWith("java.lang.Exception: xxx")
        .contains("characters left out")
        .contains("Caused by: java.io.IOException: the end");
  }

  /** A chain of causes deeper than the stack arrives as text. */
  @Test
  void write_endlessChain_stillArrives() throws Exception {
    Exception chain = new Exception("first");
    for (int i = 0; i < 20_000; i++) {
      chain = new Exception("next", chain);
    }
    assertThat(copy(chain)).isInstanceOf(RemoteTaskException.class);
  }

  /** A fixed buffer that is too small gives an overflow, and the writer is where it was. */
  @Test
  void write_fixedBufferTooSmall_overflows() {
    int size = encode(new Exception("e")).length;
    PayloadWriter writer = new PayloadWriter(ByteBuffer.allocate(size - 1));
    assertThatExceptionOfType(PayloadFullException.class)
        .isThrownBy(() -> ThrowableCodec.write(writer, new Exception("e"), "w", 1, 2));
    assertThat(writer.position()).isZero();
  }

  /** An exception whose serialization fails with the error of a full buffer is no full buffer. */
  @Test
  void write_ownCodeThrowsOverflow_arrivesAsText() throws Exception {
    PayloadWriter fixed = new PayloadWriter(ByteBuffer.allocate(100_000));
    ThrowableCodec.write(fixed, new Overflowing("e"), "w", 1, 2);
    assertThat(read(fixed.toByteArray(), LOADER))
        .isInstanceOf(RemoteTaskException.class)
        .hasMessageContaining("e");
  }

  private static final class Overflowing extends Exception {
    private static final long serialVersionUID = 1;

    Overflowing(String message) {
      super(message);
    }

    private void writeObject(ObjectOutputStream out) {
      throw new BufferOverflowException();
    }
  }

  /** Cut payloads are format errors; changed ones give an exception or a format error, and nothing else. */
  @Test
  void read_cutOrChanged_isFormatErrorOrThrowable() throws Exception {
    byte[] bytes = encode(new IllegalArgumentException("x"));
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatExceptionOfType(PayloadFormatException.class)
          .as("cut to %d", length)
          .isThrownBy(() -> read(cut, LOADER));
    }
    for (long seed = 0; seed < 3_000; seed++) {
      byte[] changed = bytes.clone();
      Random random = new Random(seed);
      changed[random.nextInt(bytes.length)] = (byte) random.nextInt();
      try {
        assertThat(read(changed, LOADER)).as("seed %d", seed).isNotNull();
      } catch (PayloadFormatException e) {
        assertThat(e).hasMessageMatching("(?s).+");
      }
    }
  }

  private static byte[] encode(Throwable thrown) {
    PayloadWriter writer = new PayloadWriter();
    ThrowableCodec.write(writer, thrown, "worker-3", 4711, 88);
    return writer.toByteArray();
  }

  private static Throwable read(byte[] bytes, ClassLoader loader) throws PayloadFormatException {
    return ThrowableCodec.read(new PayloadReader(bytes), loader, null);
  }

  private static Throwable copy(Throwable thrown) throws PayloadFormatException {
    return read(encode(thrown), LOADER);
  }
}
