// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.Pool;
import io.procpool.ipc.WorkerSegment;
import java.io.File;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The class path of workers: what a worker needs to start, then all of the master's own class path, then what the options
 * add. The first part comes first so that a class-data archive fits whatever follows. Immutable.
 */
final class WorkerClassPath {
  private static final String WORKER_CLASS = "io/procpool/worker/WorkerMain.class";

  private final List<Path> procpool;
  private final String text;

  private WorkerClassPath(List<Path> procpool, String text) {
    this.procpool = procpool;
    this.text = text;
  }

  static WorkerClassPath of(List<Path> added) throws IOException {
    Set<Path> own = new LinkedHashSet<>();
    own.add(locationOf(resourceOf(Pool.class)));
    own.add(locationOf(resourceOf(WorkerSegment.class)));
    own.add(locationOf(WORKER_CLASS));
    Set<Path> all = new LinkedHashSet<>(own);
    for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        all.add(Path.of(entry).toAbsolutePath());
      }
    }
    all.addAll(added);
    StringBuilder text = new StringBuilder();
    for (Path entry : all) {
      text.append(text.length() == 0 ? "" : File.pathSeparator).append(entry);
    }
    return new WorkerClassPath(new ArrayList<>(own), text.toString());
  }

  private static String resourceOf(Class<?> type) {
    return type.getName().replace('.', '/') + ".class";
  }

  private static Path locationOf(String resource) throws IOException {
    URL url = WorkerClassPath.class.getClassLoader().getResource(resource);
    if (url == null) {
      throw new IOException("the class path has no " + resource
          + "; is the artifact io.procpool:procpool-worker there?");
    }
    try {
      URLConnection connection = url.openConnection();
      if (connection instanceof JarURLConnection jar) {
        return Path.of(jar.getJarFileURL().toURI()).toAbsolutePath();
      }
      String folder = url.toString();
      return Path.of(new URI(folder.substring(0, folder.length() - resource.length())))
          .toAbsolutePath();
    } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
      throw new IOException(
          "the class path has " + resource + " in a place that is neither a jar nor a folder: "
              + url,
          e);
    }
  }

  /** Returns the jars or folders that a worker needs to start. */
  List<Path> procpool() {
    return procpool;
  }

  /** Returns the whole class path as the {@code java} command takes it. */
  String text() {
    return text;
  }
}
