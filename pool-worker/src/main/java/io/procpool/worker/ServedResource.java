// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The bytes of a resource that the master has given, behind a URL. Immutable. */
final class ServedResource extends URLStreamHandler {
  private static final String PROTOCOL = "procpool";

  private final byte[] bytes;

  private ServedResource(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Makes URLs of what has come for one name: each resource behind its length in four bytes. */
  static List<URL> split(long loader, String name, byte[] payload) {
    List<URL> urls = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(payload);
    while (in.hasRemaining()) {
      byte[] bytes = new byte[in.getInt()];
      in.get(bytes);
      String place = "/loader-" + loader + "/" + urls.size() + "/" + name;
      try {
        urls.add(new URL(PROTOCOL, "master", -1, place, new ServedResource(bytes)));
      } catch (MalformedURLException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
    return List.copyOf(urls);
  }

  @Override
  protected URLConnection openConnection(URL url) {
    return new URLConnection(url) {
      @Override
      public void connect() {
        connected = true;
      }

      @Override
      public long getContentLengthLong() {
        return bytes.length;
      }

      @Override
      public InputStream getInputStream() {
        return new ByteArrayInputStream(bytes);
      }
    };
  }
}
