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
 * S02: ten children set the same three entries of a manager's dict, one with a null, and append to its list.
 *
 * <p>Safe for use by multiple threads.
 */
public final class DictAndList {
  private static final int CHILDREN = 10;

  private DictAndList() {}

  /**
   * What was seen.
   *
   * @param dict a copy of the dict
   * @param list a copy of the list
   */
  record Seen(Map<Object, Object> dict, List<Integer> list) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    try (Manager manager = Manager.start()) {
      ManagedMap<Object, Object> dict = manager.dict();
      ManagedList<Integer> list = manager.list();
      list.addAll(List.of(0, 1, 2, 3, 4));
      List<ChildProcess> children = new ArrayList<>();
      for (int i = 0; i < CHILDREN; i++) {
        children.add(ChildProcess.start(() -> {
          dict.put(1, "1");
          dict.put("2", 2);
          dict.put(0.25, null);
          list.add(1);
        }));
      }
      for (ChildProcess child : children) {
        child.join();
      }
      settings.out().println(dict);
      settings.out().println(list);
      return new Seen(new HashMap<>(dict), new ArrayList<>(list));
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
