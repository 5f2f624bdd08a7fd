// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.job.Job;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/**
 * A job jar, with a class loader of its own for it and for what its manifest's {@code Class-Path} names. Classes that the
 * command has itself are the command's. Not safe for use by multiple threads.
 */
final class JobJar implements AutoCloseable {
  private static final String HOW_TO_LIST =
      "a job is a public class that implements io.procpool.job.Job and is listed in"
          + " META-INF/services/io.procpool.job.Job";

  private final Path path;
  private final URLClassLoader loader;

  /**
   * A job of the jar.
   *
   * @param type its class
   * @param job the job
   */
  record Found(Class<?> type, Job<Object, @Nullable Object> job) {}

  /**
   * What was found.
   *
   * @param jobs the jobs that could be constructed
   * @param problems what is wrong with the others
   */
  private record Contents(List<Found> jobs, List<CommandException> problems) {}

  private JobJar(Path path, URLClassLoader loader) {
    this.path = path;
    this.loader = loader;
  }

  /** Opens a jar. */
  static JobJar open(Path path) throws CommandException {
    if (path.toString().isEmpty()) {
      throw CommandException.notLoaded("\"\": is no path; give the path of a job jar", null);
    }
    if (!Files.exists(path)) {
      throw CommandException.notLoaded(path + ": no such file; give the path of a job jar", null);
    }
    if (Files.isDirectory(path)) {
      throw CommandException.notLoaded(path + ": is a folder; give the path of a job jar", null);
    }
    if (!Files.isReadable(path)) {
      throw CommandException.notLoaded(
          path
              + ": cannot be read, you lack the permission; change it with chmod, or give another jar",
          null);
    }
    try (JarFile jar = new JarFile(path.toFile())) {
      jar.getManifest();
      URL[] urls = {path.toUri().toURL()};
      return new JobJar(path, new URLClassLoader("job", urls, JobJar.class.getClassLoader()));
    } catch (IOException | SecurityException e) {
      throw CommandException.notLoaded(
          path + ": is not a jar (" + Texts.oneLine(String.valueOf(e.getMessage()))
              + "); give the path of a job jar",
          e);
    }
  }

  /** Refuses a path that no class path can hold: the workers get the jar on theirs. */
  void checkForWorkers() throws CommandException {
    String absolute = path.toAbsolutePath().toString();
    if (absolute.contains(File.pathSeparator)) {
      throw CommandException.notLoaded(
          absolute + ": a path with \"" + File.pathSeparator
              + "\" cannot be on the class path of worker processes; rename the file or folder, or use --backend threads",
          null);
    }
  }

  Path path() {
    return path;
  }

  ClassLoader loader() {
    return loader;
  }

  /** Returns the job of the given name, or the only one if no name is given. */
  Found job(@Nullable String name) throws CommandException {
    Contents contents = contents();
    List<String> names = new ArrayList<>();
    List<Found> chosen = new ArrayList<>();
    for (Found found : contents.jobs()) {
      names.add(found.job().name());
      if (name == null || name.equals(found.job().name())) {
        chosen.add(found);
      }
    }
    if (chosen.size() == 1 && (name != null || contents.problems().isEmpty())) {
      return chosen.get(0);
    }
    if (!contents.problems().isEmpty()) {
      throw contents.problems().get(0);
    }
    String all = String.join(", ", names);
    if (name == null) {
      throw CommandException.notLoaded(
          path + ": offers several jobs: " + all + "; choose one with --job", null);
    }
    throw CommandException.notLoaded(
        chosen.isEmpty()
            ? path + ": no job is named \"" + name + "\"; it offers: " + all
            : path + ": " + chosen.size() + " jobs are named \"" + name + "\": "
                + chosen.get(0).type().getName() + ", " + chosen.get(1).type().getName()
                + "; give them different names",
        null);
  }

  /** Returns all jobs that can be constructed; each problem with another one is given to the consumer. */
  List<Found> jobs(Consumer<CommandException> problems) throws CommandException {
    Contents contents = contents();
    contents.problems().forEach(problems);
    return contents.jobs();
  }

  @SuppressWarnings("rawtypes")
  private Contents contents() throws CommandException {
    List<Found> jobs = new ArrayList<>();
    List<CommandException> problems = new ArrayList<>();
    Iterator<ServiceLoader.Provider<Job>> providers =
        ServiceLoader.load(Job.class, loader).stream().iterator();
    while (true) {
      try {
        if (!providers.hasNext()) {
          break;
        }
        Class<? extends Job> type = providers.next().type();
        if (loader.findResource(type.getName().replace('.', '/') + ".class") != null) {
          jobs.add(new Found(type, construct(type)));
        }
      } catch (CommandException e) {
        problems.add(e);
      } catch (ServiceConfigurationError | LinkageError e) {
        Throwable root = root(e);
        problems.add(
            root instanceof NoSuchMethodException missing
                ? unusable(
                    String.valueOf(missing.getMessage()).replace(".<init>()", ""),
                    "has no public constructor without parameters; add one",
                    e)
                : CommandException.notLoaded(
                    path + ": a job that it lists cannot be loaded: " + Texts.failure(root) + "; "
                        + HOW_TO_LIST,
                    e));
      }
    }
    if (jobs.isEmpty() && problems.isEmpty()) {
      throw CommandException.notLoaded(
          path + ": offers no job; " + HOW_TO_LIST + " (map needs no job)", null);
    }
    return new Contents(jobs, problems);
  }

  private static Throwable root(Throwable failure) {
    Throwable cause = failure.getCause();
    return cause == null ? failure : root(cause);
  }

  @SuppressWarnings("unchecked")
  private Job<Object, @Nullable Object> construct(Class<?> type) throws CommandException {
    if (!Modifier.isPublic(type.getModifiers())) {
      throw unusable(type.getName(), "is not public; make it public", null);
    }
    if (Modifier.isAbstract(type.getModifiers())) {
      throw unusable(type.getName(), "is abstract; list a class that is not", null);
    }
    Throwable failure;
    try {
      return named((Job<Object, @Nullable Object>) type.getConstructor().newInstance());
    } catch (InvocationTargetException e) {
      failure = e.getCause() == null ? e : e.getCause();
    } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
      failure = e;
    }
    if (failure instanceof ExceptionInInitializerError && failure.getCause() != null) {
      failure = failure.getCause();
    }
    throw unusable(
        type.getName(),
        "cannot be constructed: " + Texts.failure(failure)
            + "; its public constructor without parameters must not fail",
        failure);
  }

  private Job<Object, @Nullable Object> named(Job<Object, @Nullable Object> job)
      throws CommandException {
    String type = job.getClass().getName();
    String name;
    try {
      name = job.name();
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      throw unusable(
          type, "does not tell its name: " + Texts.failure(e) + "; name() must not fail", e);
    }
    if (name == null || name.isBlank()) {
      throw unusable(
          type,
          "has " + (name == null ? "null" : "nothing") + " as its name; name() must return a word",
          null);
    }
    return job;
  }

  private CommandException unusable(String type, String what, @Nullable Throwable cause) {
    return CommandException.notLoaded(path + ": job class " + type + " " + what, cause);
  }

  @Override
  public void close() {
    try {
      loader.close();
    } catch (IOException e) {
      // nothing was written: nothing can be lost
    }
  }
}
