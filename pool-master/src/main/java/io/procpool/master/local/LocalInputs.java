// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.ipc.FunctionKind;
import io.procpool.master.pool.Engine;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Inputs that stay the objects they are. */
final class LocalInputs implements Engine.Inputs {
  private final FunctionKind kind;
  private final Object function;
  private final List<@Nullable Object> arguments = new ArrayList<>();
  private int count;

  LocalInputs(FunctionKind kind, Object function) {
    this.kind = kind;
    this.function = function;
  }

  @Override
  public void add(@Nullable Object a, @Nullable Object b, @Nullable Object c) {
    count++;
    if (kind.arity() > 0) {
      arguments.add(a);
    }
    if (kind.arity() > 1) {
      arguments.add(b);
    }
    if (kind.arity() > 2) {
      arguments.add(c);
    }
  }

  @Override
  public Engine.Inputs another() {
    return new LocalInputs(kind, function);
  }

  @Override
  public void takeAll(Engine.Inputs other) {
    LocalInputs taken = (LocalInputs) other;
    arguments.addAll(taken.arguments);
    count += taken.count;
    taken.arguments.clear();
    taken.count = 0;
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public long bytes() {
    return 0;
  }

  @Override
  public FunctionKind kind() {
    return kind;
  }

  @Override
  public Object function() {
    return function;
  }

  @Override
  public @Nullable Object call(int item) throws Exception {
    int arity = kind.arity();
    int at = item * arity;
    return kind.call(
        function,
        arity > 0 ? arguments.get(at) : null,
        arity > 1 ? arguments.get(at + 1) : null,
        arity > 2 ? arguments.get(at + 2) : null);
  }
}
