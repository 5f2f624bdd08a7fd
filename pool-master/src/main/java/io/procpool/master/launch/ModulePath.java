// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The modules that this process was started with, as entries of a class path. */
final class ModulePath {
  private static final String PROPERTY = "jdk.module.path";
  private static final String DESCRIPTOR = "module-info.class";

  private ModulePath() {}

  /** Returns the jars and folders of modules, those inside folders of modules as well. */
  static List<Path> entries() throws IOException {
    List<Path> entries = new ArrayList<>();
    for (String place : System.getProperty(PROPERTY, "").split(File.pathSeparator)) {
      if (!place.isEmpty()) {
        add(Path.of(place).toAbsolutePath(), entries);
      }
    }
    return entries;
  }

  private static void add(Path place, List<Path> entries) throws IOException {
    if (isModule(place)) {
      entries.add(place);
    } else if (Files.isDirectory(place)) {
      try (DirectoryStream<Path> inside = Files.newDirectoryStream(place)) {
        for (Path each : inside) {
          if (isModule(each)) {
            entries.add(each);
          }
        }
      }
    }
  }

  private static boolean isModule(Path place) {
    return Files.isDirectory(place)
        ? Files.exists(place.resolve(DESCRIPTOR))
        : place.toString().endsWith(".jar") && Files.exists(place);
  }
}
