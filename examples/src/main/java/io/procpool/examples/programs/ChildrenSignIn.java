// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.Manager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * S03: each of ten children stores its process id in a manager's dict and in its list.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ChildrenSignIn {
  private static final int CHILDREN = 10;

  private ChildrenSignIn() {}

  /**
   * What was seen.
   *
   * @param dict process ids by number of the child
   * @param list process ids as they came
   * @param pids the children's
   */
  record Seen(Map<Integer, Long> dict, List<Long> list, List<Long> pids) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    try (Manager manager = Manager.start()) {
      ManagedMap<Integer, Long> dict = manager.dict();
      ManagedList<Long> list = manager.list();
      List<ChildProcess> children = new ArrayList<>();
      for (int i = 0; i < CHILDREN; i++) {
        int number = i;
        children.add(ChildProcess.start(() -> {
          long pid = ChildProcess.current().pid();
          dict.put(number, pid);
          list.add(pid);
        }));
      }
      for (ChildProcess child : children) {
        child.join();
      }
      settings.out().println("dict: " + dict);
      settings.out().println("list: " + list);
      List<Long> pids = children.stream().map(ChildProcess::pid).toList();
      return new Seen(new HashMap<>(dict), new ArrayList<>(list), pids);
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
