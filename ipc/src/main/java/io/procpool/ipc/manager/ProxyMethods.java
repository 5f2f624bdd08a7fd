// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.ByProxy;
import java.lang.reflect.Method;
import java.util.StringJoiner;

/** What client and server have to agree on about the methods of users' interfaces. */
public final class ProxyMethods {
  private ProxyMethods() {}

  /** Returns the name and the whole names of the types of the parameters. */
  public static String signature(Method method) {
    StringJoiner signature = new StringJoiner(",", method.getName() + "(", ")");
    for (Class<?> type : method.getParameterTypes()) {
      signature.add(type.getName());
    }
    return signature.toString();
  }

  /** Tells whether what it returns stays on the server. */
  public static boolean isByProxy(Method method) {
    return method.isAnnotationPresent(ByProxy.class)
        || method.getReturnType().isAnnotationPresent(ByProxy.class);
  }
}
