// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.master.manager.StoreRecord.Origin;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes the objects of a store from its records. Not safe for use by multiple threads. */
final class StoreReplay {
  /*
   * An object is made when it is first named, and stays the same one: handles in other objects refer to it. Its state is taken when its end is there. In a renewed
   * generation whose predecessors are deleted, what was changed in an object before its state is in the state, and not taken; the first of it may even come before
   * that object is named.
   */
  private final ObjectTable table;
  private final Map<Long, Restored> objects = new LinkedHashMap<>();
  private final Map<Long, List<Change>> states = new HashMap<>(); // that have not ended
  private final Set<Long> withoutState = new HashSet<>();
  private boolean isFirst;
  private long highest;
  private long liveBytes;
  private boolean complete;

  /** An object, and what it was made from. */
  record Restored(Origin origin, Served served) {}

  StoreReplay(ObjectTable table) {
    this.table = table;
  }

  /** Says that what is taken next is a renewed generation, and that those before are deleted. */
  void beginRenewed() {
    isFirst = true;
  }

  /** Takes the next record. */
  void take(PayloadReader record) throws PayloadFormatException {
    int type = record.getByte();
    if (type == StoreRecord.OPENED || type == StoreRecord.DECLARED) {
      make(Origin.read(record), type == StoreRecord.DECLARED && isFirst);
      return;
    }
    long number = record.getLong();
    switch (type) {
      case StoreRecord.CHANGED -> {
        if (!isInStateToCome(number)) {
          restore(of(number), List.of(Change.read(record)));
        }
      }
      case StoreRecord.STATE -> states.put(number, new ArrayList<>());
      case StoreRecord.STATE_CHANGED -> state(number).add(Change.read(record));
      case StoreRecord.STATE_END -> {
        List<Change> state = state(number);
        states.remove(number);
        withoutState.remove(number);
        Restored object = of(number);
        kept(object).restoreNothing();
        restore(object, state);
      }
      case StoreRecord.RESERVED -> highest = Math.max(highest, number);
      case StoreRecord.DROPPED -> objects.remove(number);
      case StoreRecord.UNNAMED -> {
        if (!isInStateToCome(number) || objects.containsKey(number)) {
          Restored object = of(number);
          objects.put(number, new Restored(object.origin.withoutName(), object.served));
        }
      }
      case StoreRecord.COMPLETE -> {
        liveBytes = number;
        highest = Math.max(highest, record.getLong());
        complete = true;
        withoutState.clear();
      }
      default -> throw new PayloadFormatException("there is a record of type " + type);
    }
  }

  private boolean isInStateToCome(long number) {
    return withoutState.contains(number) || isFirst && !complete && !objects.containsKey(number);
  }

  private void make(Origin origin, boolean stateFollows) throws PayloadFormatException {
    highest = Math.max(highest, origin.number);
    if (!objects.containsKey(origin.number)) {
      objects.put(origin.number, new Restored(origin, table.restore(origin)));
      if (stateFollows) {
        withoutState.add(origin.number);
      }
    }
  }

  private Restored of(long number) throws PayloadFormatException {
    Restored found = objects.get(number);
    if (found == null) {
      throw new PayloadFormatException("it changes the object " + number + ", which there is not");
    }
    return found;
  }

  private List<Change> state(long number) throws PayloadFormatException {
    List<Change> state = states.get(number);
    if (state == null) {
      throw new PayloadFormatException(
          "there is a part of the state of the object " + number + ", which has not begun");
    }
    return state;
  }

  private static Kept kept(Restored object) throws PayloadFormatException {
    if (object.served instanceof Kept kept) {
      return kept;
    }
    throw new PayloadFormatException("it changes the " + object.origin + ", which has no content");
  }

  private void restore(Restored object, List<Change> changes) throws PayloadFormatException {
    Kept kept = kept(object);
    try {
      for (Change change : changes) {
        kept.restore(change, table);
      }
    } catch (PayloadFormatException | RuntimeException | LinkageError e) {
      throw new PayloadFormatException(
          "the " + object.origin + " cannot be rebuilt: " + e.getMessage(), e);
    }
  }

  /** Returns all objects there are now. */
  Map<Long, Restored> objects() {
    return objects;
  }

  /** Returns the highest number that any object had. */
  long highest() {
    return highest;
  }

  /** Returns how many bytes the content of all had when that was last known; 0 if never. */
  long liveBytes() {
    return liveBytes;
  }

  /** Tells whether the state of all objects was there. */
  boolean isComplete() {
    return complete;
  }
}
