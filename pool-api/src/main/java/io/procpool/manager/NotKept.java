// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a class or interface of a user's: a server with a {@linkplain ManagerOptions.Builder#store store} does not keep what is in a {@linkplain Manager#object(String, Class) managed
 * object} of it. After a restart such an object is made again by its factory; one that a method had returned by {@link ByProxy} is there no more. It holds for subclasses and subinterfaces,
 * too. For objects that stand for something else, such as a connection or a sensor, and for those that cannot be serialized.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface NotKept {}
