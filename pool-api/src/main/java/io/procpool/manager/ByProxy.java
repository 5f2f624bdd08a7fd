// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a method of an interface of a {@linkplain Manager#object(String, Class) managed object}: what it returns stays on the server, and the caller gets a proxy of it, not
 * a copy. On an interface: so it is for each method that returns it. The return type must be an interface; null is returned as null. An object that is returned twice has
 * equal proxies.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface ByProxy {}
