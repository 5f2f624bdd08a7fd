// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Makes job jars for tests: compiles classes from their source text. Not safe for use by multiple threads. */
final class JobJars {
  // Tests of the same class make the same jars, and the compiler takes longer than most of them.
  private static final Map<Map<String, String>, Map<String, byte[]>> COMPILED =
      new ConcurrentHashMap<>();

  private final Path folder;
  private final Map<String, String> sources = new LinkedHashMap<>();
  private final List<String> services = new ArrayList<>();
  private String classPath = "";

  private JobJars(Path folder) {
    this.folder = folder;
  }

  static JobJars in(Path folder) {
    return new JobJars(folder);
  }

  /** Adds a class of package {@code demo}. */
  JobJars add(String simpleName, String source) {
    sources.put(
        simpleName,
        "package demo; import io.procpool.job.*; import java.util.*; import java.util.stream.*;\n"
            + source);
    return this;
  }

  /** Adds a job of strings: {@code members} are the members of its class beside name and description. */
  JobJars addJob(String simpleName, String members) {
    services.add("demo." + simpleName);
    return add(
        simpleName,
        "public class " + simpleName + " implements Job<String, String> {\n"
            + "public String name() { return \"" + simpleName.toLowerCase(java.util.Locale.ROOT)
            + "\"; }\n"
            + "public String description() { return \"about " + simpleName + "\"; }\n" + members
            + "\n}");
  }

  /** Lists a class as a job. */
  JobJars service(String className) {
    services.add(className);
    return this;
  }

  /** Sets the manifest's Class-Path. */
  JobJars classPath(String path) {
    classPath = path;
    return this;
  }

  /** Makes the jar. */
  Path build(String name) throws IOException {
    Map<String, byte[]> classes = COMPILED.get(sources);
    if (classes == null) {
      classes = compile();
      COMPILED.put(Map.copyOf(sources), classes);
    }
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    if (!classPath.isEmpty()) {
      manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
    }
    Path jar = folder.resolve(name);
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file, manifest)) {
      for (Map.Entry<String, byte[]> entry : classes.entrySet()) {
        out.putNextEntry(new JarEntry(entry.getKey()));
        out.write(entry.getValue());
      }
      if (!services.isEmpty()) {
        out.putNextEntry(new JarEntry("META-INF/services/io.procpool.job.Job"));
        out.write(String.join("\n", services).getBytes(StandardCharsets.UTF_8));
      }
    }
    return jar;
  }

  /** Returns the files of the classes, by their paths. */
  private Map<String, byte[]> compile() throws IOException {
    Map<String, byte[]> classes = new TreeMap<>();
    if (sources.isEmpty()) {
      return classes;
    }
    Path work = Files.createTempDirectory(folder, "classes");
    List<Path> files = new ArrayList<>();
    for (Map.Entry<String, String> source : sources.entrySet()) {
      Path file = work.resolve(source.getKey() + ".java");
      Files.writeString(file, source.getValue());
      files.add(file);
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      boolean done = compiler
          .getTask(
              messages,
              manager,
              null,
              List.of("-d", work.toString(), "-proc:none", "--release", "17"),
              null,
              manager.getJavaFileObjectsFromPaths(files))
          .call();
      if (!done) {
        throw new IllegalStateException(messages.toString());
      }
    }
    try (Stream<Path> made = Files.walk(work)) {
      for (Path path : made.toList()) {
        if (path.toString().endsWith(".class")) {
          classes.put(work.relativize(path).toString(), Files.readAllBytes(path));
        }
      }
    }
    return classes;
  }
}
