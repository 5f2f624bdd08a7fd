// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Classes that are compiled while a test runs, so that no class path has them; and the loaders for them. */
final class Plugin {
  private Plugin() {}

  /** Compiles classes, by their names, into a folder. */
  static Path compile(Path folder, Map<String, String> sources) throws IOException {
    Files.createDirectories(folder);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      List<JavaFileObject> units = sources.entrySet().stream().map(Plugin::unit).toList();
      List<String> options = List.of(
          "-d", folder.toString(), "-cp", System.getProperty("java.class.path"), "-proc:none");
      if (!compiler.getTask(null, files, null, options, null, units).call()) {
        throw new IllegalArgumentException("cannot be compiled: " + sources.keySet());
      }
    }
    return folder;
  }

  private static JavaFileObject unit(Map.Entry<String, String> source) {
    URI name = URI.create("string:///" + source.getKey().replace('.', '/') + ".java");
    return new SimpleJavaFileObject(name, JavaFileObject.Kind.SOURCE) {
      @Override
      public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return source.getValue();
      }
    };
  }

  static URL url(Path folder) {
    try {
      return folder.toUri().toURL();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static URLClassLoader loader(Path folder) {
    return new URLClassLoader("plugin", new URL[] {url(folder)}, Plugin.class.getClassLoader());
  }

  /** Calls a static method without parameters that makes a task. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  static <T> Task<T> task(ClassLoader loader, String type, String method) throws Exception {
    return (Task<T>) Class.forName(type, true, loader).getMethod(method).invoke(null);
  }

  /** Looks at its own places before it asks its parent, as loaders of containers do. */
  static final class ChildFirst extends URLClassLoader {
    ChildFirst(Path folder) {
      super("child-first", new URL[] {url(folder)}, Plugin.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        if (known != null) {
          return known;
        }
        try {
          return findClass(name);
        } catch (ClassNotFoundException notHere) {
          return super.loadClass(name, resolve);
        }
      }
    }
  }
}
