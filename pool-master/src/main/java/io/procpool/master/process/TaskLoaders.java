// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/** The class loaders that tasks of a pool came from, and the numbers that workers know them by. Holds none of them. Safe for use by multiple threads. */
final class TaskLoaders {
  /*
   * Origin.  A submission has the loader of its function, which decides what the names in it mean, and the context class loader of the submitting thread, for what only that knows. If both are those that start every
   *          program, the origin is nothing, and no worker hears of it.
   * Numbers. Each loader has one, and each pair that was needed. They are of the functions' numbers, so that workers drop either by the same message.
   */
  private static final ClassLoader PLATFORM = ClassLoader.getPlatformClassLoader();
  private static final @Nullable ClassLoader APPLICATION = application();

  private static final ClassValue<Boolean> CHANGED = new ClassValue<>() {
    @Override
    protected Boolean computeValue(Class<?> loader) {
      for (Class<?> type = loader; type.getClassLoader() != null; type = type.getSuperclass()) {
        for (Method method : type.getDeclaredMethods()) {
          if (method.getName().equals("loadClass")) {
            return true;
          }
        }
      }
      return false;
    }
  };

  private final Map<ClassLoader, Known> known = new WeakHashMap<>(); // guarded by this
  private final Map<Long, Origin> origins = new HashMap<>(); // guarded by this
  private final ReferenceQueue<ClassLoader> gone = new ReferenceQueue<>();

  private static final class Known {
    final Map<ClassLoader, Origin> withContext = new WeakHashMap<>();

    @Nullable
    Origin alone;
  }

  /** A loader that is given up with the origin it is of. */
  private static final class Member extends WeakReference<ClassLoader> {
    final long number;

    Member(ClassLoader loader, ReferenceQueue<ClassLoader> queue, long number) {
      super(loader, queue);
      this.number = number;
    }
  }

  /** Where the classes of a submission are looked for. Immutable. */
  static final class Origin {
    /** What starts with the application's class path, as every worker does. */
    static final Origin NONE = new Origin(0, List.of());

    private final long reference;
    private final List<Member>
        members; // the class path of the application comes before them in a pair that begins with
    // it

    private Origin(long reference, List<Member> members) {
      this.reference = reference;
      this.members = members;
    }

    /** Returns its number doubled, plus 1 if its classes may hide those of the class path; zero if workers need not know. */
    long reference() {
      return reference;
    }

    /** Returns the loaders in their order, without those that are gone. */
    List<ClassLoader> loaders() {
      if (members.isEmpty()) {
        return List.of();
      }
      List<ClassLoader> loaders = new ArrayList<>();
      for (Member member : members) {
        ClassLoader loader = member.get();
        if (loader != null) {
          loaders.add(loader);
        }
      }
      return loaders;
    }
  }

  private static @Nullable ClassLoader application() {
    ClassLoader loader = ClassLoader.getSystemClassLoader();
    while (loader != null && loader.getParent() != PLATFORM) {
      loader = loader.getParent();
    }
    return loader;
  }

  /** Tells whether what a loader has is found by every JVM with the same class path. */
  static boolean isPlain(@Nullable ClassLoader loader) {
    return loader == null || loader == APPLICATION || loader == PLATFORM;
  }

  static ClassLoader application(ClassLoader otherwise) {
    return APPLICATION == null ? otherwise : APPLICATION;
  }

  /** Returns where the classes of a function that this thread submits are to be looked for. */
  Origin of(Object function) {
    ClassLoader own = function.getClass().getClassLoader();
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (isPlain(own)) {
      return isPlain(context) ? Origin.NONE : pair(PLATFORM, context);
    }
    return isPlain(context) || isAncestor(context, own) ? of(own) : pair(own, context);
  }

  static boolean isAncestor(ClassLoader loader, @Nullable ClassLoader of) {
    ClassLoader each = of;
    while (each != null && each != loader) {
      each = each.getParent();
    }
    return each != null;
  }

  /** Returns what stands for a loader alone. */
  synchronized Origin of(ClassLoader loader) {
    Known entry = known.computeIfAbsent(loader, added -> new Known());
    Origin origin = entry.alone;
    if (origin == null) {
      long number = EncodedFunction.nextId();
      origin = add(number, mayHide(loader), List.of(new Member(loader, gone, number)));
      entry.alone = origin;
    }
    return origin;
  }

  private synchronized Origin pair(ClassLoader first, ClassLoader context) {
    Known entry = known.computeIfAbsent(first, added -> new Known());
    Origin origin = entry.withContext.get(context);
    if (origin == null) {
      long number = EncodedFunction.nextId();
      List<Member> members = new ArrayList<>();
      if (first != PLATFORM) {
        members.add(new Member(first, gone, number));
      }
      members.add(new Member(context, gone, number));
      origin = add(number, first != PLATFORM && mayHide(first), List.copyOf(members));
      entry.withContext.put(context, origin);
    }
    return origin;
  }

  private Origin add(long number, boolean hides, List<Member> members) {
    Origin origin = new Origin(number << 1 | (hides ? 1 : 0), members);
    origins.put(number, origin);
    return origin;
  }

  /** Returns the origin with a reference; null if there is none, or its loaders are gone. */
  synchronized @Nullable Origin find(long reference) {
    Origin origin = origins.get(reference >>> 1);
    return origin == null || origin.reference != reference ? null : origin;
  }

  /** Returns the numbers of origins of which a loader is gone since the last call. */
  synchronized List<Long> takeGone() {
    List<Long> numbers = new ArrayList<>();
    for (Reference<?> each = gone.poll(); each != null; each = gone.poll()) {
      long number = ((Member) each).number;
      if (origins.remove(number) != null) {
        numbers.add(number);
      }
    }
    return numbers;
  }

  /** Tells whether a loader may have classes of names that its parents have, too: if it, or one above it, has changed how classes are loaded. */
  static boolean mayHide(ClassLoader loader) {
    for (ClassLoader each = loader; !isPlain(each); each = each.getParent()) {
      if (CHANGED.get(each.getClass())) {
        return true;
      }
    }
    return false;
  }
}
