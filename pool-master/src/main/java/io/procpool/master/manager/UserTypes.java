// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.manager.ManagedType;
import io.procpool.master.manager.Family.Member;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The types of users' own: how their objects are made. Immutable. */
final class UserTypes {
  private final Map<String, ManagedType<?>> registered;

  UserTypes(List<ManagedType<?>> types) {
    registered = types.stream()
        .collect(Collectors.toUnmodifiableMap(
            type -> ManagerWire.REGISTERED + type.name(), Function.identity()));
  }

  /**
   * Returns a registered type if a kind is one.
   *
   * @param arguments begin with the name of the interface that the client wants
   * @throws IllegalArgumentException if it is not registered, or has not that interface
   */
  @Nullable
  ManagedType<?> wanted(String kind, PayloadReader arguments) throws PayloadFormatException {
    if (!kind.startsWith(ManagerWire.REGISTERED)) {
      return null;
    }
    String name = kind.substring(ManagerWire.REGISTERED.length());
    ManagedType<?> type = registered.get(kind);
    if (type == null) {
      throw new IllegalArgumentException("no type \"" + name + "\" is registered with this server; "
          + registered.values().stream().map(ManagedType::name).sorted().toList() + " are");
    }
    Object wanted = Plain.read(arguments);
    if (!extendsInterface(type.interfaceType(), wanted)) {
      throw new IllegalArgumentException("\"" + name + "\" is registered as "
          + type.interfaceType().getName() + ", which is no " + wanted);
    }
    return type;
  }

  private static boolean extendsInterface(Class<?> type, @Nullable Object wanted) {
    if (type.getName().equals(wanted)) {
      return true;
    }
    for (Class<?> extended : type.getInterfaces()) {
      if (extendsInterface(extended, wanted)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns one of a registered type.
   *
   * @param member what a store keeps of it; null if there is none
   */
  static Target target(ManagedType<?> type, @Nullable Member member) {
    return Target.later(() -> made(type.interfaceType(), type.factory(), member), member);
  }

  /**
   * Returns one whose interface and factory a client has sent.
   *
   * @param member what a store keeps of it; null if there is none
   */
  static Target created(PayloadReader arguments, ClassLoader loader, @Nullable Member member)
      throws PayloadFormatException {
    byte[] encoded = arguments.getBytes(arguments.remaining());
    return Target.later(
        () -> {
          PayloadReader reader = new PayloadReader(encoded);
          Class<?> type = (Class<?>) Objects.requireNonNull(ValueCodec.read(reader, loader));
          return made(
              type, (Callable<?>) Objects.requireNonNull(ValueCodec.read(reader, loader)), member);
        },
        member);
  }

  private static Target.Made made(Class<?> type, Callable<?> factory, @Nullable Member member)
      throws Exception {
    Object restored = member == null ? null : member.object();
    boolean isThere = restored != null && !Family.isNotKept(restored.getClass());
    Object object = isThere ? restored : factory.call();
    if (!type.isInstance(object)) {
      throw new IllegalArgumentException((isThere ? "the store has " : "the factory has made ")
          + (object == null ? "null" : "an object of " + object.getClass().getName())
          + " (expected: of " + type.getName() + ")");
    }
    if (member != null) {
      member.family().setFirst(object);
    }
    return made(type, object);
  }

  /** Returns one that a method has returned to stay. */
  static Target returned(Class<?> type, Member member) {
    return Target.later(
        () -> {
          Object object = member.object();
          if (object == null) {
            throw new IllegalArgumentException("it is not there any more");
          }
          return made(type, object);
        },
        member);
  }

  /** Returns an object that there is already. */
  static Target.Made made(Class<?> type, Object object) {
    return new Target.Made(object, ObjectKind.ofUser(type, object.getClass()), Holding.FOREIGN);
  }
}
