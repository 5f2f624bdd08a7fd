// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

/**
 * What a method has returned that stays on the server.
 *
 * @param object the object
 * @param type the interface by which it was returned
 */
record Returned(Object object, Class<?> type) {}
