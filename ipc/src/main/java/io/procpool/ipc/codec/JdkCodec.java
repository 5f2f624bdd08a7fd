// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** JDK serialization of one value, in a stream of its own, behind its length in four bytes. */
final class JdkCodec {
  private JdkCodec() {}

  /** Writes the length and the stream; the caller rolls back after a failure. */
  static void write(PayloadWriter writer, Object value, int maxBytes)
      throws UnencodableValueException {
    int start = writer.position();
    int shipped = shipped(writer);
    boolean written = false;
    PayloadWriter outer = Shipment.writing(writer);
    writer.putInt(0);
    try {
      ObjectOutputStream stream = new ObjectOutputStream(new Output(writer, start + 4L + maxBytes));
      stream.writeObject(value);
      stream.flush();
      written = true;
    } catch (PayloadTooLargeException | PayloadFullException | OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) { // the user's writeObject may throw anything
      throw new UnencodableValueException(
          "a value of class "
              + value.getClass().getName()
              + " cannot be encoded: "
              + SerializationDiagnosis.textOf(e),
          e);
    } finally {
      Shipment.writing(outer);
      Shipment shipment = writer.shipment();
      if (!written && shipment != null) {
        shipment.overFrom(shipped);
      }
    }
    writer.putIntAt(start, writer.position() - start - 4);
  }

  private static int shipped(PayloadWriter writer) {
    Shipment shipment = writer.shipment();
    return shipment == null ? 0 : shipment.size();
  }

  /** Reads what {@link #write} wrote. */
  static @Nullable Object read(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter)
      throws PayloadFormatException {
    return readStream(reader.getSlice(reader.getInt()), loader, filter);
  }

  static @Nullable Object readStream(
      ByteBuffer bytes, ClassLoader loader, @Nullable ObjectInputFilter filter)
      throws PayloadFormatException {
    Object value;
    try {
      value = new Input(bytes, loader, filter).readObject();
    } catch (ClassNotFoundException e) {
      throw new UndecodableValueException("class not found here: " + e.getMessage(), e);
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) { // the user's readObject may throw anything
      throw new UndecodableValueException(
          "a serialized value cannot be rebuilt: " + SerializationDiagnosis.textOf(e), e);
    }
    if (bytes.hasRemaining()) {
      throw new PayloadFormatException(bytes.remaining() + " bytes follow a serialized value");
    }
    return value;
  }

  private static final class Output extends OutputStream {
    private final PayloadWriter writer;
    private final long endPosition;

    Output(PayloadWriter writer, long endPosition) {
      this.writer = writer;
      this.endPosition = endPosition;
    }

    @Override
    public void write(int b) {
      check(1);
      writer.putByte(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      check(length);
      writer.putBytes(bytes, offset, length);
    }

    private void check(int length) {
      if (writer.position() + (long) length > endPosition) {
        throw new PayloadTooLargeException(
            writer.position() + (long) length, (int) Math.min(endPosition, Integer.MAX_VALUE));
      }
    }
  }

  private static final class BufferInput extends InputStream {
    private final ByteBuffer bytes;

    BufferInput(ByteBuffer bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() {
      return bytes.hasRemaining() ? bytes.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (length == 0) {
        return 0;
      }
      int count = Math.min(length, bytes.remaining());
      if (count == 0) {
        return -1;
      }
      bytes.get(target, offset, count);
      return count;
    }

    @Override
    public int available() {
      return bytes.remaining();
    }
  }

  /** Resolves every class with the given loader. */
  private static final class Input extends ObjectInputStream {
    private final ClassLoader loader;

    Input(ByteBuffer bytes, ClassLoader loader, @Nullable ObjectInputFilter filter)
        throws IOException {
      super(new BufferInput(bytes));
      this.loader = loader;
      setObjectInputFilter(new PayloadFilter(bytes.limit(), getObjectInputFilter(), filter));
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description) throws ClassNotFoundException {
      String name = description.getName();
      try {
        return Class.forName(name, false, loader);
      } catch (ClassNotFoundException e) {
        Class<?> primitive = primitive(name);
        if (primitive != null) {
          return primitive;
        }
        throw e;
      }
    }

    @Override
    @SuppressWarnings("deprecation") // the class alone is asked for; there is no handler yet
    protected Class<?> resolveProxyClass(String[] interfaces) throws ClassNotFoundException {
      ClassLoader definer = loader;
      Class<?>[] types = new Class<?>[interfaces.length];
      for (int i = 0; i < types.length; i++) {
        types[i] = Class.forName(interfaces[i], false, loader);
        if (!Modifier.isPublic(types[i].getModifiers()) && types[i].getClassLoader() != null) {
          definer = types[i].getClassLoader();
        }
      }
      try {
        return Proxy.getProxyClass(definer, types);
      } catch (IllegalArgumentException e) {
        throw new ClassNotFoundException("proxy of " + String.join(", ", interfaces), e);
      }
    }

    private static @Nullable Class<?> primitive(String name) {
      return switch (name) {
        case "boolean" -> boolean.class;
        case "byte" -> byte.class;
        case "short" -> short.class;
        case "char" -> char.class;
        case "int" -> int.class;
        case "long" -> long.class;
        case "float" -> float.class;
        case "double" -> double.class;
        case "void" -> void.class;
        default -> null;
      };
    }
  }
}
