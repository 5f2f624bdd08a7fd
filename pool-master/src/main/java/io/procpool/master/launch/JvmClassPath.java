// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The class path of JVMs that are started: what they need to start, then all of this process' own class path and its modules, which are none there, then what the
 * options add. The first part comes first so that a class-data archive fits whatever follows. Immutable.
 *
 * @param procpool the jars or folders that a JVM needs to start
 * @param text the whole class path as the {@code java} command takes it
 */
public record JvmClassPath(List<Path> procpool, String text) {
  private static final String WORKER_CLASS = "io/procpool/worker/ProcessMain.class";

  private static final String LIBRARY_CLASS = "com/sun/jna/Native.class"; // how threads sleep

  private static volatile @Nullable List<Path> own;
  private static volatile @Nullable Made lastMade;

  /** What a class path was made of: it is the same again and again. */
  private record Made(String configured, List<Path> added, JvmClassPath made) {}

  /** Returns the class path with what is added. */
  public static JvmClassPath of(List<Path> added) throws IOException {
    String configured = System.getProperty("java.class.path", "");
    Made last = lastMade;
    if (last != null && last.configured.equals(configured) && last.added.equals(added)) {
      return last.made;
    }
    JvmClassPath made = make(configured, added);
    lastMade = new Made(configured, List.copyOf(added), made);
    return made;
  }

  private static JvmClassPath make(String configured, List<Path> added) throws IOException {
    List<Path> first = own();
    Set<Path> all = new LinkedHashSet<>(first);
    for (String entry : configured.split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        all.add(Path.of(entry).toAbsolutePath());
      }
    }
    all.addAll(ModulePath.entries());
    all.addAll(added);
    StringBuilder text = new StringBuilder();
    for (Path entry : all) {
      text.append(text.length() == 0 ? "" : File.pathSeparator).append(entry);
    }
    return new JvmClassPath(first, text.toString());
  }

  private static List<Path> own() throws IOException {
    List<Path> known = own;
    if (known == null) {
      Set<Path> found = new LinkedHashSet<>();
      found.add(locationOf(resourceOf(Pool.class)));
      found.add(locationOf(resourceOf(WorkerSegment.class)));
      found.add(locationOf(WORKER_CLASS));
      if (JvmClassPath.class.getClassLoader().getResource(LIBRARY_CLASS) != null) {
        found.add(locationOf(LIBRARY_CLASS));
      }
      known = List.copyOf(found);
      own = known;
    }
    return known;
  }

  private static String resourceOf(Class<?> type) {
    return type.getName().replace('.', '/') + ".class";
  }

  private static Path locationOf(String resource) throws IOException {
    URL url = JvmClassPath.class.getClassLoader().getResource(resource);
    if (url == null) {
      throw new IOException("the class path has no " + resource
          + "; is the artifact io.procpool:procpool-worker there?");
    }
    try {
      URLConnection connection = url.openConnection();
      if (connection instanceof JarURLConnection jar) {
        URL file = jar.getJarFileURL();
        return file.getProtocol().equals("file")
            ? Path.of(file.toURI()).toAbsolutePath()
            : NestedJars.copyOf(jar.getJarFile());
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

  /** Returns a number that is another one, most probably, when a jar has been replaced. */
  public long stamp() {
    long stamp = 0;
    for (String entry : text.split(File.pathSeparator)) {
      File file = new File(entry);
      if (file.isFile()) {
        stamp = 31 * (31 * stamp + file.lastModified()) + file.length();
      }
    }
    return stamp;
  }
}
