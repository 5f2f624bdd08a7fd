// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Copies of jars that lie inside other jars, where a JVM cannot start from them; kept for later runs beside the class-data archives. */
final class NestedJars {
  private NestedJars() {}

  /** Returns a file with what is in a jar; the name tells the content, so that it is written once. */
  static Path copyOf(JarFile nested) throws IOException {
    Path directory = ClassArchive.cacheDirectory().resolve("jars");
    Files.createDirectories(directory);
    Path copy = directory.resolve(Long.toHexString(contentOf(nested)) + ".jar");
    if (!Files.exists(copy)) {
      Path written = Files.createTempFile(directory, "copy-", ".new");
      try {
        write(nested, written);
        Files.move(written, copy, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(written);
      }
    }
    return copy;
  }

  private static long contentOf(JarFile jar) {
    CRC32 names = new CRC32();
    long sums = 0;
    for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
      JarEntry entry = entries.nextElement();
      names.update((entry.getName() + entry.getSize()).getBytes(StandardCharsets.UTF_8));
      sums = 31 * sums + entry.getCrc();
    }
    return sums ^ names.getValue() << 32;
  }

  private static void write(JarFile jar, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
        JarEntry entry = entries.nextElement();
        zip.putNextEntry(new ZipEntry(entry.getName()));
        try (InputStream in = jar.getInputStream(entry)) {
          in.transferTo(zip);
        }
        zip.closeEntry();
      }
    }
  }
}
