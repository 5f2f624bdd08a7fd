// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the method that {@code CLASS::METHOD} or {@code CLASS::METHOD(TYPE)} names. */
final class MethodTarget {
  private static final Pattern SYNTAX =
      Pattern.compile("([^:()\\s]+)::([^:()\\s]+?)(?:\\(\\s*([^()]*?)\\s*\\))?");
  private static final int MAX_LISTED = 12;

  private final String text;
  private final String className;
  private final String methodName;
  private final String typeName; // empty: not given

  private MethodTarget(String text, String className, String methodName, String typeName) {
    this.text = text;
    this.className = className;
    this.methodName = methodName;
    this.typeName = typeName;
  }

  /** Finds the method. */
  static Method find(String text, ClassLoader loader) throws CommandException {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      throw CommandException.usage(text
          + ": is not a method; give it as CLASS::METHOD or CLASS::METHOD(TYPE), such as"
          + " java.lang.Integer::parseInt");
    }
    String type = matcher.group(3) == null ? "" : matcher.group(3);
    return new MethodTarget(text, matcher.group(1), matcher.group(2), type).find(loader);
  }

  private Method find(ClassLoader loader) throws CommandException {
    Class<?> type = load(loader);
    List<Method> named = new ArrayList<>();
    List<Method> candidates = new ArrayList<>();
    for (Method method : type.getMethods()) {
      if (!method.getName().equals(methodName) || method.isBridge()) {
        continue;
      }
      named.add(method);
      if (Modifier.isStatic(method.getModifiers())
          && method.getParameterCount() == 1
          && isMeant(method.getParameterTypes()[0])) {
        candidates.add(method);
      }
    }
    if (candidates.isEmpty()) {
      throw problem(type, named);
    }
    List<Method> convertible = candidates.stream()
        .filter(method -> LineConverter.of(method.getParameterTypes()[0]) != null)
        .toList();
    if (convertible.isEmpty()) {
      throw CommandException.usage(text + ": no line can be converted to its parameter type "
          + candidates.get(0).getParameterTypes()[0].getTypeName()
          + "; it needs a constructor with a String or a static valueOf, parse or of");
    }
    if (convertible.size() > 1) {
      throw CommandException.usage(text + ": is ambiguous; choose one of " + listed(convertible));
    }
    Method method = convertible.get(0);
    if (!method.canAccess(null)) {
      throw CommandException.usage(text + ": class " + type.getName()
          + " is not public; make it public, or name a method of a public class");
    }
    return method;
  }

  private Class<?> load(ClassLoader loader) throws CommandException {
    try {
      return Class.forName(className, false, loader);
    } catch (ClassNotFoundException e) {
      throw CommandException.notLoaded(
          text + ": class " + className
              + " is neither in the jar nor on its class path nor in the JDK;"
              + " give its full name, a nested class as Outer$Inner",
          e);
    } catch (LinkageError e) {
      throw CommandException.notLoaded(
          text + ": class " + className + " cannot be loaded: " + Texts.failure(e)
              + "; check the jar and its Class-Path",
          e);
    }
  }

  private boolean isMeant(Class<?> parameter) {
    return typeName.isEmpty()
        || typeName.equals(parameter.getName())
        || typeName.equals(parameter.getTypeName())
        || typeName.equals(parameter.getSimpleName())
        || typeName.equals(parameter.getCanonicalName());
  }

  private CommandException problem(Class<?> type, List<Method> named) {
    List<Method> oneArgument = named.stream()
        .filter(
            method -> Modifier.isStatic(method.getModifiers()) && method.getParameterCount() == 1)
        .toList();
    if (!oneArgument.isEmpty()) {
      return CommandException.usage(text + ": no such overload; there is " + listed(oneArgument));
    }
    if (named.stream().anyMatch(method -> Modifier.isStatic(method.getModifiers()))) {
      TreeSet<Integer> counts = new TreeSet<>();
      named.stream()
          .filter(method -> Modifier.isStatic(method.getModifiers()))
          .forEach(method -> counts.add(method.getParameterCount()));
      return CommandException.usage(text + ": takes "
          + String.join(" or ", counts.stream().map(String::valueOf).toList())
          + (counts.size() == 1 && counts.first() == 1 ? " argument" : " arguments")
          + "; name a static method of one argument");
    }
    if (!named.isEmpty()) {
      return CommandException.usage(
          text + ": is not static; name a public static method of one argument");
    }
    for (Method method : declaredMethods(type)) {
      if (method.getName().equals(methodName)) {
        return CommandException.usage(
            text + ": is not public; name a public static method of one argument");
      }
    }
    TreeSet<String> usable = new TreeSet<>();
    for (Method method : type.getMethods()) {
      if (Modifier.isStatic(method.getModifiers())
          && method.getParameterCount() == 1
          && LineConverter.of(method.getParameterTypes()[0]) != null) {
        usable.add(method.getName());
      }
    }
    return CommandException.usage(text + ": no such method; "
        + (usable.isEmpty()
            ? "class " + type.getName() + " has no public static method of one argument"
            : "of one argument there is " + shortened(new ArrayList<>(usable))));
  }

  private static Method[] declaredMethods(Class<?> type) {
    try {
      return type.getDeclaredMethods();
    } catch (LinkageError e) {
      return new Method[0];
    }
  }

  private static String listed(List<Method> methods) {
    return shortened(methods.stream().map(MethodTarget::describe).sorted().toList());
  }

  private static String shortened(List<String> names) {
    String more = names.size() > MAX_LISTED ? " and " + (names.size() - MAX_LISTED) + " more" : "";
    return String.join(", ", names.subList(0, Math.min(MAX_LISTED, names.size()))) + more;
  }

  /** Returns the method as it can be given on the command line, without ambiguity. */
  static String describe(Method method) {
    return method.getDeclaringClass().getName() + "::" + method.getName() + "("
        + method.getParameterTypes()[0].getTypeName() + ")";
  }
}
