// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.wire.FromWorker;
import java.io.IOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a class loader of the master: what the class path here lacks is asked for there. A class belongs to the loader that stands for the one that has defined it there, so two loaders of the master have two classes
 * of one name here as well. Safe for use by multiple threads.
 */
final class ServedLoader extends ClassLoader {
  /*
   * Order.   The class path here comes first, because a loader that follows the JDK's convention asks its parent first and so cannot have defined what is there. One that
   *          may hide classes is asked before that, but for those of the JDK and of procpool, through which both sides talk.
   * Locks.   A thread that waits for the master holds the lock of this loader for one name, and of no other. The answer comes to a thread that needs none of them. With the lock of one loader for a name that of the
   *          loader that defines it is taken, never the other way around.
   * Bounds.  What is not there is remembered, and small resources are, up to a number of names each.
   */
  private static final int REMEMBERED_NAMES = 10_000;
  private static final int REMEMBERED_BYTES = 64 * 1024;
  private static final String OWN_CLASSES = "io.procpool.";

  static {
    registerAsParallelCapable();
  }

  private final long reference;
  private final boolean hides;
  private final ClassRequests requests;
  private final Map<String, String> missing = new ConcurrentHashMap<>();
  private final Set<String> ofClassPath = ConcurrentHashMap.newKeySet();
  private final Map<String, List<URL>> resources = new ConcurrentHashMap<>();

  ServedLoader(long reference, ClassRequests requests) {
    super("master-loader-" + (reference >>> 1), getSystemClassLoader());
    this.reference = reference;
    this.hides = (reference & 1) != 0;
    this.requests = requests;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> type = findLoadedClass(name);
      if (type == null) {
        type = hides && !name.startsWith(OWN_CLASSES)
            ? masterFirst(name)
            : super.loadClass(name, false);
      }
      if (resolve) {
        resolveClass(type);
      }
      return type;
    }
  }

  private Class<?> masterFirst(String name) throws ClassNotFoundException {
    try {
      return getPlatformClassLoader().loadClass(name);
    } catch (ClassNotFoundException notOfTheJdk) {
      if (!ofClassPath.contains(name)) {
        Class<?> served = served(name, false);
        if (served != null) {
          return served;
        }
        remember(ofClassPath, name);
      }
      return super.loadClass(name, false);
    }
  }

  private static void remember(Set<String> names, String name) {
    if (names.size() < REMEMBERED_NAMES) {
      names.add(name);
    }
  }

  /** The class path here has no such class. */
  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    Class<?> served = served(name, true);
    if (served == null) {
      throw new ClassNotFoundException(name);
    }
    return served;
  }

  /** Asks the master; null if the class is to be found in the class path here, which is not said if that lacks it. */
  private @Nullable Class<?> served(String name, boolean lacking) throws ClassNotFoundException {
    String reason = missing.get(name);
    if (reason == null) {
      ClassRequests.Answer answer = requests.ask(reference, FromWorker.Wanted.CLASS, name, lacking);
      if (answer.isFound()) {
        return requests.loader(answer.definer()).define(name, answer.payload());
      }
      if (answer.isOfClassPath()) {
        return null;
      }
      reason = answer.reason();
      if (missing.size() < REMEMBERED_NAMES) {
        missing.put(name, reason);
      }
    }
    if (!lacking) {
      return null;
    }
    throw new ClassNotFoundException(name + " (" + requests.placesHere() + "; " + reason + ")");
  }

  private Class<?> define(String name, byte[] bytes) {
    synchronized (getClassLoadingLock(name)) {
      Class<?> known = findLoadedClass(name);
      return known != null ? known : defineClass(name, bytes, 0, bytes.length);
    }
  }

  @Override
  public @Nullable URL getResource(String name) {
    if (hides) {
      URL served = findResource(name);
      if (served != null) {
        return served;
      }
    }
    return super.getResource(name);
  }

  @Override
  public Enumeration<URL> getResources(String name) throws IOException {
    if (!hides) {
      return super.getResources(name);
    }
    List<URL> all = new ArrayList<>(served(name));
    all.addAll(Collections.list(getParent().getResources(name)));
    return Collections.enumeration(all);
  }

  @Override
  protected @Nullable URL findResource(String name) {
    List<URL> found = served(name);
    return found.isEmpty() ? null : found.get(0);
  }

  @Override
  protected Enumeration<URL> findResources(String name) {
    return Collections.enumeration(served(name));
  }

  private List<URL> served(String name) {
    List<URL> known = resources.get(name);
    if (known != null) {
      return known;
    }
    ClassRequests.Answer answer;
    try {
      answer = requests.ask(reference, FromWorker.Wanted.RESOURCES, name, true);
    } catch (ClassNotFoundException noAnswer) {
      return List.of(); // as the JDK's loaders do if a resource cannot be read
    }
    List<URL> found = answer.isFound()
        ? ServedResource.split(reference >>> 1, name, answer.payload())
        : List.of();
    if (answer.payload().length <= REMEMBERED_BYTES && resources.size() < REMEMBERED_NAMES) {
      resources.put(name, found);
    }
    return found;
  }

  @Override
  public String toString() {
    return "ServedLoader[" + getName() + "]";
  }
}
