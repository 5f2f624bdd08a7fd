// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import java.io.Serializable;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/** What a proxy of an object of a user's type does. Safe for use by multiple threads. */
final class RemoteInvocation implements InvocationHandler, Serializable {
  private static final long serialVersionUID = 1;
  private static final @Nullable Object[] NOTHING = {};

  private final RemoteObject remote;

  private RemoteInvocation(RemoteObject remote) {
    this.remote = remote;
  }

  /** Makes a proxy. */
  static <T> T proxy(Class<T> type, RemoteObject remote) {
    ClassLoader loader = type.getClassLoader();
    return type.cast(Proxy.newProxyInstance(
        loader == null ? ManagerClient.loader() : loader,
        new Class<?>[] {type},
        new RemoteInvocation(remote)));
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] given) {
    @Nullable Object[] arguments = given == null ? NOTHING : given;
    if (method.getDeclaringClass() == Object.class) {
      return switch (method.getName()) {
        case "equals" -> isSame(arguments[0]);
        case "hashCode" -> remote.hashCode();
        default -> remote.toString();
      };
    }
    String operation = ProxyMethods.signature(method);
    if (!ProxyMethods.isByProxy(method)) {
      return remote.call(operation, arguments);
    }
    Class<?> type = method.getReturnType();
    RemoteObject result = remote.callForObject(type.getName(), operation, arguments);
    return result == null ? null : proxy(type, result);
  }

  private boolean isSame(@Nullable Object other) {
    return other != null
        && Proxy.isProxyClass(other.getClass())
        && Proxy.getInvocationHandler(other) instanceof RemoteInvocation that
        && that.remote.equals(remote);
  }
}
