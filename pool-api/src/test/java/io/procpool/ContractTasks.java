// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.IOException;

/** Tasks of the contract tests, as static methods so that they work in every worker. */
public final class ContractTasks {
  private ContractTasks() {}

  static int square(int n) {
    return n * n;
  }

  static int add(int a, int b) {
    return a + b;
  }

  static int sum(int a, int b, int c) {
    return a + b + c;
  }

  static String join(Object a, Object b) {
    return a + "-" + b;
  }

  static String joinThree(Object a, Object b, Object c) {
    return a + "-" + b + "-" + c;
  }

  static Object same(Object value) {
    return value;
  }

  static int identity(int n) {
    return n;
  }

  static int failUnchecked(int n) {
    throw new IllegalStateException("bad " + n);
  }

  static int failChecked(int n) throws IOException {
    throw new IOException("bad " + n);
  }

  static int failError(int n) {
    throw new LinkageError("bad " + n);
  }

  /** Fails for the multiples of three. */
  static int failThirds(int n) {
    return n % 3 == 0 ? failUnchecked(n) : n;
  }

  /** Names the worker: its process where there is one, else its thread. */
  static String worker(boolean process) {
    return "pid " + ProcessHandle.current().pid()
        + (process ? "" : " thread " + Thread.currentThread().getId());
  }
}
