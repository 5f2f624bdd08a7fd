// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import java.util.HashMap;
import java.util.Map;

/** How much of the workers' time each submitter has had; who has had the least is next. Used by one thread at a time. */
public final class FairShares {
  /*
   * Start-time fair queueing. Each submitter has a clock, which what it runs moves on by the time that takes, divided by the submitter's weight; the one whose clock
   * is behind is next. The pool's clock is that of whoever was served last: one that had nothing to do for a while begins there, so that nobody saves up.
   * Charging. What a unit will take is not known when it is handed out. It is charged then with what those of the submitter have been taking, so that the others are next, and the
   * difference when it has ended.
   * Memory.   A submitter that has nothing waiting, and whose clock the pool's has passed, is as one that never came. When there are many these are forgotten, and if that does not help all that have
   *           nothing waiting: what they have had too much of is forgiven.
   */
  private static final double UNKNOWN_NANOS = 1_000_000;
  private static final double LEAST_NANOS = 1_000;
  private static final int MANY = 256;

  private final Map<String, Account> accounts = new HashMap<>();
  private double now;
  private int many = MANY;

  /** The clock of one submitter. */
  static final class Account {
    int lines; // in which it has something waiting
    private int weight = 1;
    private double clock;
    private double typicalNanos = UNKNOWN_NANOS;

    double clock() {
      return clock;
    }
  }

  /** Returns the account of whoever has submitted a work. */
  Account of(Work work) {
    String name = work.submitter();
    Account account = accounts.get(name);
    if (account == null) {
      if (accounts.size() >= many) {
        forget();
      }
      account = new Account();
      account.clock = now;
      accounts.put(name, account);
    }
    account.weight = work.weight();
    return account;
  }

  private void forget() {
    accounts.values().removeIf(other -> other.lines == 0 && other.clock <= now);
    if (accounts.size() > many / 2) {
      accounts.values().removeIf(other -> other.lines == 0);
    }
    many = Math.max(MANY, 2 * accounts.size());
  }

  /** A submitter has something waiting in one line more. */
  void entered(Account account) {
    account.lines++;
    account.clock = Math.max(account.clock, now);
  }

  /** Something of a work is handed out; returns what it was charged with. */
  public double begun(Work work) {
    Account account = of(work);
    now = Math.max(now, account.clock);
    double charge = account.typicalNanos;
    account.clock += charge / account.weight;
    return charge;
  }

  /** What was handed out has ended, after a time. */
  public void ended(Work work, double charged, long nanos) {
    Account account = of(work);
    double actual = Math.max(LEAST_NANOS, nanos);
    account.typicalNanos += (actual - account.typicalNanos) / 4;
    account.clock += (actual - charged) / account.weight;
  }

  /** What was handed out has come back and was not run. */
  public void cameBack(Work work, double charged) {
    Account account = of(work);
    account.clock -= charged / account.weight;
  }

  /** Returns the number of submitters that are known. */
  int size() {
    return accounts.size();
  }
}
