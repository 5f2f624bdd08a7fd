// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;

/** Packs a program as Spring Boot does: with its libraries as jars inside the jar, and a loader that finds classes there. */
final class FatJar {
  private static final String LAUNCHER = "org.springframework.boot.loader.launch.JarLauncher";

  private FatJar() {}

  /** Packs a folder of classes together with all of this process' class path but its test classes. */
  static void write(Path jar, Path classes, String mainClass) throws Exception {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, LAUNCHER);
    manifest.getMainAttributes().putValue("Start-Class", mainClass);
    manifest.getMainAttributes().putValue("Spring-Boot-Classes", "BOOT-INF/classes/");
    manifest.getMainAttributes().putValue("Spring-Boot-Lib", "BOOT-INF/lib/");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
      Path loader = Path.of(Class.forName(LAUNCHER)
          .getProtectionDomain()
          .getCodeSource()
          .getLocation()
          .toURI());
      for (Map.Entry<String, byte[]> entry : contentOf(loader)) {
        if (entry.getKey().startsWith("org/")) {
          put(out, entry.getKey(), entry.getValue(), true);
        }
      }
      put(out, "BOOT-INF/lib/", new byte[0], false);
      put(out, "BOOT-INF/classes/", new byte[0], false);
      for (Map.Entry<String, byte[]> entry : contentOf(classes)) {
        put(out, "BOOT-INF/classes/" + entry.getKey(), entry.getValue(), true);
      }
      int number = 0;
      for (String each : System.getProperty("java.class.path").split(File.pathSeparator)) {
        Path entry = Path.of(each);
        if (isLibrary(entry)) {
          number++;
          byte[] bytes = Files.isDirectory(entry) ? packed(entry) : Files.readAllBytes(entry);
          put(out, "BOOT-INF/lib/library-" + number + ".jar", bytes, false);
        }
      }
    }
  }

  private static boolean isLibrary(Path entry) {
    String name = entry.getFileName().toString();
    return Files.exists(entry)
        && !name.contains("test")
        && !name.contains("junit")
        && !name.contains("archunit")
        && !name.contains("assertj");
  }

  private static byte[] packed(Path folder) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream out = new JarOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : contentOf(folder)) {
        put(out, entry.getKey(), entry.getValue(), true);
      }
    }
    return bytes.toByteArray();
  }

  /** Jars inside the jar have to be stored as they are. */
  private static void put(JarOutputStream out, String name, byte[] bytes, boolean compressed)
      throws IOException {
    ZipEntry entry = new JarEntry(name);
    if (!compressed) {
      CRC32 sum = new CRC32();
      sum.update(bytes);
      entry.setMethod(ZipEntry.STORED);
      entry.setSize(bytes.length);
      entry.setCrc(sum.getValue());
    }
    out.putNextEntry(entry);
    ((OutputStream) out).write(bytes);
    out.closeEntry();
  }

  private static List<Map.Entry<String, byte[]>> contentOf(Path place) throws IOException {
    if (Files.isDirectory(place)) {
      try (Stream<Path> files = Files.walk(place)) {
        List<Map.Entry<String, byte[]>> content = new ArrayList<>();
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          content.add(Map.entry(
              place.relativize(file).toString().replace('\\', '/'), Files.readAllBytes(file)));
        }
        return content;
      }
    }
    try (JarFile jar = new JarFile(place.toFile())) {
      List<Map.Entry<String, byte[]>> content = new ArrayList<>();
      for (JarEntry entry : jar.stream().filter(each -> !each.isDirectory()).toList()) {
        content.add(Map.entry(entry.getName(), jar.getInputStream(entry).readAllBytes()));
      }
      return content;
    }
  }
}
