// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.util.List;

/**
 * At one place of a {@link ManagedList} or a {@link ManagedArray}, some elements were replaced by others; in an array by as many. Immutable, as far as elements are.
 *
 * @param index of the first one
 * @param removed the elements that were there, which may be none
 * @param added the elements that are there instead, which may be none
 */
public record ListChange<E>(int index, List<E> removed, List<E> added) {}
