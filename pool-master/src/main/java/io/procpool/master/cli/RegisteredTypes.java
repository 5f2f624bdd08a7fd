// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.manager.ManagerOptions;
import io.procpool.manager.ServerFunctions;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/** A class path for a manager, and the types of users' own that it is to offer, as the command line names them. Not safe for use by multiple threads. */
final class RegisteredTypes implements AutoCloseable {
  /** Interfaces that say nothing about what can be done with an object. */
  private static final Set<Class<?>> BESIDES =
      Set.of(Serializable.class, Cloneable.class, AutoCloseable.class, Closeable.class);

  private final List<Path> places;
  private final URLClassLoader loader;

  private RegisteredTypes(List<Path> places, URLClassLoader loader) {
    this.places = places;
    this.loader = loader;
  }

  /**
   * Opens a class path. Classes that the command has itself are the command's.
   *
   * @param paths each of which is one or more jars and folders
   */
  static RegisteredTypes open(List<String> paths) throws CommandException {
    List<Path> places = new ArrayList<>();
    List<URL> urls = new ArrayList<>();
    for (String path : paths) {
      for (String part : path.split(File.pathSeparator, -1)) {
        Path place = place(part);
        try {
          urls.add(place.toUri().toURL());
        } catch (MalformedURLException e) {
          throw notLoaded("--class-path " + place + ": " + e.getMessage(), e);
        }
        places.add(place);
      }
    }
    ClassLoader ofCommand = RegisteredTypes.class.getClassLoader();
    return new RegisteredTypes(
        places, new URLClassLoader("types", urls.toArray(URL[]::new), ofCommand));
  }

  private static Path place(String part) throws CommandException {
    if (part.isBlank()) {
      throw CommandException.usage("--class-path: \"" + part
          + "\" is no path; give jars and folders, with " + File.pathSeparator + " between them");
    }
    Path place = Path.of(part).toAbsolutePath();
    if (Files.isDirectory(place)) {
      return place;
    }
    if (!Files.exists(place)) {
      throw notLoaded("--class-path " + place + ": no such file; give a jar or a folder", null);
    }
    try (JarFile jar = new JarFile(place.toFile())) {
      jar.getManifest();
      return place;
    } catch (IOException | SecurityException e) {
      throw notLoaded(
          "--class-path " + place + ": is not a jar ("
              + Texts.oneLine(String.valueOf(e.getMessage())) + "); give a jar or a folder",
          e);
    }
  }

  private static CommandException notLoaded(String message, @Nullable Throwable cause) {
    return CommandException.notLoaded(message, cause);
  }

  /** Returns what finds the classes, and those of the command. */
  ClassLoader loader() {
    return loader;
  }

  /**
   * Registers a type.
   *
   * @param text NAME=CLASS or NAME=CLASS:INTERFACE
   */
  void register(String text, ManagerOptions.Builder options) throws CommandException {
    String option = "--register " + text + ": ";
    String[] parts = text.split("=", 2);
    if (parts.length < 2 || parts[0].isBlank() || parts[1].isBlank()) {
      throw CommandException.usage(
          option + "is not NAME=CLASS or NAME=CLASS:INTERFACE, such as counter=com.example.Counts");
    }
    String[] classes = parts[1].split(":", 2);
    Class<?> type = load(option, classes[0]);
    Constructor<?> constructor = constructor(option, type);
    Class<?> served = classes.length == 1
        ? onlyInterface(option, text, type)
        : implemented(option, load(option, classes[1]), type);
    try {
      register(options, parts[0], served, constructor);
    } catch (IllegalArgumentException e) {
      throw CommandException.usage(option + e.getMessage());
    }
  }

  private static <T> void register(
      ManagerOptions.Builder options, String name, Class<T> served, Constructor<?> constructor) {
    ServerFunctions.Factory<T> factory = () -> {
      try {
        return served.cast(constructor.newInstance());
      } catch (InvocationTargetException e) {
        if (e.getCause() instanceof Exception thrown) {
          throw thrown;
        }
        throw e;
      }
    };
    options.register(name, served, factory);
  }

  private Class<?> load(String option, String name) throws CommandException {
    try {
      return Class.forName(name, false, loader);
    } catch (ClassNotFoundException e) {
      throw notLoaded(
          option + "class " + name + " was not found in "
              + (places.isEmpty()
                  ? "the command itself; say where it is with --class-path"
                  : places)
              + "; give its full name, a nested class as Outer$Inner",
          e);
    } catch (LinkageError e) {
      throw notLoaded(
          option + "class " + name + " cannot be loaded from " + places + ": " + Texts.failure(e),
          e);
    }
  }

  private static Constructor<?> constructor(String option, Class<?> type) throws CommandException {
    String name = option + "class " + type.getName();
    if (type.isInterface() || Modifier.isAbstract(type.getModifiers()) || !isReachable(type)) {
      throw CommandException.usage(name + " is "
          + (type.isInterface()
              ? "an interface"
              : Modifier.isAbstract(type.getModifiers()) ? "abstract" : "not public")
          + "; name a public class of which objects can be made");
    }
    if (type.getEnclosingClass() != null && !Modifier.isStatic(type.getModifiers())) {
      throw CommandException.usage(
          name + " is an inner class that is not static; make it static, or name another class");
    }
    try {
      return type.getConstructor();
    } catch (NoSuchMethodException e) {
      throw CommandException.usage(
          name + " has no public constructor without parameters; give it one, or have"
              + " a program start the manager, with a factory");
    } catch (LinkageError e) {
      throw notLoaded(name + " cannot be used: " + Texts.failure(e), e);
    }
  }

  /** Tells whether it is public, as are all that it is in. */
  private static boolean isReachable(Class<?> type) {
    for (Class<?> each = type; each != null; each = each.getEnclosingClass()) {
      if (!Modifier.isPublic(each.getModifiers())) {
        return false;
      }
    }
    return true;
  }

  private static Class<?> implemented(String option, Class<?> served, Class<?> type)
      throws CommandException {
    if (!served.isInterface() || !served.isAssignableFrom(type)) {
      throw CommandException.usage(option
          + served.getName()
          + (served.isInterface()
              ? " is not implemented by " + type.getName() + ", which implements "
                  + names(interfaces(type))
              : " is no interface"));
    }
    return served;
  }

  private static Class<?> onlyInterface(String option, String text, Class<?> type)
      throws CommandException {
    Set<Class<?>> all = interfaces(type);
    if (all.isEmpty()) {
      throw CommandException.usage(option + "class " + type.getName()
          + " implements no interface; programs use an object by its interface");
    }
    if (all.size() > 1) {
      throw CommandException.usage(option + "class " + type.getName() + " implements " + names(all)
          + "; say which programs are to use, as " + text + ":"
          + names(all).iterator().next());
    }
    return all.iterator().next();
  }

  /** Returns those that the class and its superclasses name, but for those that another one of them extends. */
  private static Set<Class<?>> interfaces(Class<?> type) {
    Set<Class<?>> all = new LinkedHashSet<>();
    for (Class<?> each = type; each != null; each = each.getSuperclass()) {
      all.addAll(Arrays.asList(each.getInterfaces()));
    }
    all.removeAll(BESIDES);
    Set<Class<?>> extended = new LinkedHashSet<>();
    for (Class<?> one : all) {
      for (Class<?> other : all) {
        if (one != other && one.isAssignableFrom(other)) {
          extended.add(one);
        }
      }
    }
    all.removeAll(extended);
    return all;
  }

  private static Set<String> names(Set<Class<?>> types) {
    Set<String> names = new TreeSet<>();
    types.forEach(type -> names.add(type.getName()));
    return names;
  }

  @Override
  public void close() throws IOException {
    loader.close();
  }
}
