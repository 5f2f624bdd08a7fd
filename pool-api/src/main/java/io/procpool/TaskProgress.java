// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;

/**
 * How far a task is. Immutable.
 *
 * @param fraction how much of it is done, from 0 to 1
 * @param message what it is at; empty if it has not said
 */
public record TaskProgress(double fraction, String message) implements Serializable {}
