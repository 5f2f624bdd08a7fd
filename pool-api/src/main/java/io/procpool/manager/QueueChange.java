// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

/**
 * An element has come into a {@link ManagedQueue}, or has left it. Immutable, as far as the element is.
 *
 * @param isIn whether it has come; false if it was taken, removed, or cleared away
 */
public record QueueChange<E>(E element, boolean isIn) {}
