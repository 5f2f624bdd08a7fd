// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.TaskOptions;
import io.procpool.ipc.FunctionKind;

/** Makes works that nobody runs. */
final class Works {
  private Works() {}

  static Work work(long taskId, TaskOptions options) {
    return new Work(taskId, Terms.of(options), new OneCall(), Batching.SINGLE, block -> {});
  }

  private static final class OneCall implements Engine.Inputs {
    @Override
    public void add(Object a, Object b, Object c) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Engine.Inputs another() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void takeAll(Engine.Inputs other) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int count() {
      return 1;
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public FunctionKind kind() {
      return FunctionKind.CALLABLE;
    }

    @Override
    public Object function() {
      return this;
    }

    @Override
    public Object call(int item) {
      return null;
    }
  }
}
