// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What is in an object, as far as is known: that says whether its methods may run in the event loop. */
enum Holding {
  /** Numbers, texts and the like: nothing that a function could put something else into. */
  SIMPLE,
  /** Lists and maps of such, too; a function that has seen one could keep it and put something else into it. */
  CONTAINERS,
  /** Something whose methods may be code of users. */
  FOREIGN;

  private static final int MOST = 256;

  /** Final classes, or such as cannot be extended, whose methods take little time. */
  private static final Set<Class<?>> SIMPLE_CLASSES = Set.of(
      Integer.class,
      Long.class,
      Short.class,
      Byte.class,
      Character.class,
      Boolean.class,
      Float.class,
      Double.class,
      String.class,
      UUID.class,
      BigInteger.class,
      BigDecimal.class,
      java.time.Duration.class,
      java.time.Instant.class,
      java.time.LocalDate.class,
      java.time.LocalTime.class,
      java.time.LocalDateTime.class,
      java.time.OffsetDateTime.class,
      java.time.ZonedDateTime.class);

  /** What there is when there was this and comes that. */
  Holding and(Holding other) {
    return compareTo(other) < 0 ? other : this;
  }

  /** Looks at a value. */
  static Holding of(@Nullable Object value) {
    return of(value, new int[] {MOST});
  }

  /** Looks at all elements, but not at the collection itself. */
  static Holding ofAll(Collection<?> values) {
    Holding all = SIMPLE;
    for (Object value : values) {
      all = all.and(of(value));
      if (all == FOREIGN) {
        break;
      }
    }
    return all;
  }

  private static Holding of(@Nullable Object value, int[] left) {
    if (value == null) {
      return SIMPLE;
    }
    if (--left[0] < 0) {
      return FOREIGN; // who knows
    }
    Class<?> type = value.getClass();
    if (SIMPLE_CLASSES.contains(type)
        || value instanceof Enum<?>
        || type.isArray() && isSimple(type.getComponentType())) {
      return SIMPLE;
    }
    if (type == ArrayList.class) {
      return CONTAINERS.and(inside((Collection<?>) value, left));
    }
    if (type == HashMap.class || type == LinkedHashMap.class) {
      Map<?, ?> map = (Map<?, ?>) value;
      return CONTAINERS.and(inside(map.keySet(), left)).and(inside(map.values(), left));
    }
    return FOREIGN;
  }

  private static boolean isSimple(Class<?> component) {
    return component.isPrimitive() || component == String.class;
  }

  private static Holding inside(Collection<?> values, int[] left) {
    Holding all = SIMPLE;
    for (Object value : values) {
      all = all.and(of(value, left));
      if (all == FOREIGN) {
        break;
      }
    }
    return all;
  }
}
