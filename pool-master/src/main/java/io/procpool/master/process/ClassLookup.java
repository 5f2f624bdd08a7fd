// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.wire.ToWorker.Given;
import io.procpool.master.process.TaskLoaders.Origin;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the bytes of classes and resources with the loaders that tasks came from. Runs code of those loaders. Safe for use by multiple threads. */
final class ClassLookup {
  /*
   * Trust. The loader itself is asked for the class, so a worker gets nothing but classes and resources that a task of this origin could get here. Names that lead out of a folder are refused, because
   *        not every loader does that.
   * Bytes. Of the loader that has defined the class: of several classes of one name the right one.
   */
  private static final int LARGEST_BYTES = 64 << 20; // of all that is given for one name
  private static final int LONGEST_NAME = 4096;
  private static final int NAMED_URLS = 3;

  private final TaskLoaders loaders;
  private final List<String>
      classPath; // what the workers have beyond that of the application, as beginnings of URLs

  ClassLookup(TaskLoaders loaders, List<Path> classPath) {
    this.loaders = loaders;
    this.classPath = new ArrayList<>();
    for (Path entry : classPath) {
      String url = entry.toUri().toString();
      this.classPath.add(url.endsWith("/") ? url : "jar:" + url + "!/");
    }
  }

  /** What is answered, but for the number of the question. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares answers
  record Found(int outcome, long definer, String reason, byte[] payload) {
    private static final byte[] NOTHING = {};

    static Found missing(String reason) {
      return new Found(Given.MISSING, 0, reason, NOTHING);
    }

    static Found ofClassPath() {
      return new Found(Given.OF_CLASS_PATH, 0, "", NOTHING);
    }
  }

  /** Looks for a class; never throws anything but errors of the JVM. */
  Found type(Origin origin, String name, boolean lacking) {
    if (!isClassName(name)) {
      return Found.missing("the master refused the name");
    }
    StringBuilder places = new StringBuilder();
    for (ClassLoader loader : places(origin)) {
      try {
        return bytesOf(loader.loadClass(name), lacking);
      } catch (ClassNotFoundException notHere) {
        places.append(places.length() == 0 ? "" : ", then by ").append(describe(loader));
      } catch (Exception | LinkageError | StackOverflowError failed) {
        return Found.missing("the master's " + describe(loader) + " failed: " + failed);
      }
    }
    return Found.missing("not found in the master by " + places);
  }

  private static List<ClassLoader> places(Origin origin) {
    List<ClassLoader> all = new ArrayList<>(origin.loaders());
    if (all.isEmpty()) {
      all.add(TaskLoaders.application(ClassLoader.getSystemClassLoader()));
    }
    return all;
  }

  private Found bytesOf(Class<?> type, boolean lacking) throws IOException {
    ClassLoader definer = type.getClassLoader();
    String name = type.getName();
    if (definer == null || definer == ClassLoader.getPlatformClassLoader()) {
      return lacking
          ? Found.missing("it belongs to the JDK of the master, " + Runtime.version())
          : Found.ofClassPath();
    }
    if (!lacking && TaskLoaders.isPlain(definer)) {
      return Found.ofClassPath();
    }
    String file = name.replace('.', '/') + ".class";
    try (InputStream in = open(definer, file)) {
      if (in == null) {
        return Found.missing("the master's " + describe(definer)
            + " has it, but not its bytes: a loader that makes classes has to return them from getResourceAsStream(\""
            + file + "\")");
      }
      byte[] bytes = in.readNBytes(LARGEST_BYTES + 1);
      return bytes.length > LARGEST_BYTES
          ? tooLarge()
          : new Found(Given.FOUND, loaders.of(definer).reference(), "", bytes);
    }
  }

  private static Found tooLarge() {
    return Found.missing("the master has more than the limit of " + LARGEST_BYTES + " bytes of it");
  }

  private static @Nullable InputStream open(ClassLoader loader, String file) throws IOException {
    if (loader instanceof URLClassLoader places) {
      URL own = places.findResource(file); // its parent may have another one
      if (own != null) {
        return own.openStream();
      }
    }
    return loader.getResourceAsStream(file);
  }

  /** Looks for all resources of a name, but for those of the class path; never throws anything but errors of the JVM. */
  Found resources(Origin origin, String name) {
    if (!isResourceName(name)) {
      return Found.missing("the master refused the name");
    }
    Map<String, URL> found = new LinkedHashMap<>();
    try {
      for (ClassLoader loader : origin.loaders()) {
        for (URL url : Collections.list(loader.getResources(name))) {
          if (classPath.stream().noneMatch(url.toExternalForm()::startsWith)) {
            found.putIfAbsent(url.toExternalForm(), url);
          }
        }
      }
      ClassLoader plain = TaskLoaders.application(ClassLoader.getPlatformClassLoader());
      for (URL url : Collections.list(plain.getResources(name))) {
        found.remove(url.toExternalForm());
      }
      return found.isEmpty() ? Found.missing("not found in the master") : contents(found);
    } catch (Exception | LinkageError | StackOverflowError failed) {
      return Found.missing("the master's loader failed: " + failed);
    }
  }

  private static Found contents(Map<String, URL> found) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (URL url : found.values()) {
      try (InputStream in = url.openStream()) {
        byte[] bytes = in.readNBytes(LARGEST_BYTES + 1);
        if (all.size() + 4L + bytes.length > LARGEST_BYTES) {
          return tooLarge();
        }
        all.write(ByteBuffer.allocate(4).putInt(bytes.length).array());
        all.write(bytes);
      }
    }
    return new Found(Given.FOUND, 0, "", all.toByteArray());
  }

  private static boolean isClassName(String name) {
    return !name.isEmpty()
        && name.length() <= LONGEST_NAME
        && name.indexOf('/') < 0
        && name.charAt(0) != '['
        && isResourceName(name.replace('.', '/'));
  }

  private static boolean isResourceName(String name) {
    if (name.length() > LONGEST_NAME
        || name.startsWith("/")
        || name.indexOf('\\') >= 0
        || name.chars().anyMatch(c -> c < ' ')) {
      return false;
    }
    for (String step : name.split("/")) {
      if (step.equals("..") || step.equals(".")) {
        return false;
      }
    }
    return true;
  }

  private static String describe(ClassLoader loader) {
    StringBuilder text = new StringBuilder(loader.getClass().getName());
    if (loader.getName() != null) {
      text.append(" \"").append(loader.getName()).append('"');
    }
    if (loader instanceof URLClassLoader places) {
      URL[] urls = places.getURLs();
      text.append(" of ");
      for (int i = 0; i < urls.length && i < NAMED_URLS; i++) {
        text.append(i == 0 ? "" : ", ").append(urls[i]);
      }
      text.append(urls.length > NAMED_URLS ? ", … (" + urls.length + ")" : "");
    }
    return text.toString();
  }
}
