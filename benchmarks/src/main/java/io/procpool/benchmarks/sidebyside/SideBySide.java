// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Runs one measurement and prints its figures as JSON; {@code benchmarks/side-by-side} calls it. */
public final class SideBySide {
  static final Map<String, Measurement> MEASUREMENTS = new TreeMap<>(Map.ofEntries(
      Map.entry("apply", RoundTrips::apply),
      Map.entry("payload", RoundTrips::payload),
      Map.entry("submit", Throughput::submit),
      Map.entry("map", Throughput::map),
      Map.entry("map-one", Throughput::mapOneByOne),
      Map.entry("imap-one", Throughput::imapOneByOne),
      Map.entry("prepare", Life::prepare),
      Map.entry("start", Life::start),
      Map.entry("memory", Life::memory),
      Map.entry("child-cold", Children::cold),
      Map.entry("child-warm", Children::warm),
      Map.entry("speed-up", SpeedUp::run),
      Map.entry("death", Deaths::death),
      Map.entry("timeout", Deaths::timeout),
      Map.entry("handover", Deaths::handOver),
      Map.entry("busy-master", Deaths::busyMaster),
      Map.entry("value", SharedAccess::value),
      Map.entry("array", SharedAccess::array),
      Map.entry("lock-death", Deaths::lockOwner),
      Map.entry("lock", Synchronization::lock),
      Map.entry("lock-contended", Synchronization::lockContended),
      Map.entry("locked-increment", Synchronization::lockedIncrement),
      Map.entry("pipe", Messaging::pipe),
      Map.entry("pipe-echo", Messaging::pipeEcho),
      Map.entry("queue", Messaging::queue),
      Map.entry("queue-two", Messaging::queueOfTwo),
      Map.entry("manager", Managers::roundTrips),
      Map.entry("manager-puts", ManagerRates::puts),
      Map.entry("manager-clients", ManagerRates::clients),
      Map.entry("semaphore", Synchronization::semaphore),
      Map.entry("event", Synchronization::event),
      Map.entry("barrier", Synchronization::barrier)));

  private SideBySide() {}

  /** Takes the name of the measurement. */
  public static void main(String[] arguments) throws Exception {
    Measurement measurement = arguments.length == 1 ? MEASUREMENTS.get(arguments[0]) : null;
    if (measurement == null) {
      System.err.println("one of these was expected: " + String.join(" ", MEASUREMENTS.keySet()));
      System.exit(2);
      return;
    }
    System.out.println(json(measurement.run(Effort.FULL)));
  }

  static String json(Map<String, Double> figures) {
    return new TreeMap<>(figures)
        .entrySet().stream()
            .map(figure -> "\"" + figure.getKey() + "\": " + figure.getValue())
            .collect(Collectors.joining(", ", "{", "}"));
  }
}
