// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.channel.Channel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The connections whose clients have not proved anything yet. For the event loop alone. */
final class HalfOpen {
  /*
   * If there are too many, the one that came first is closed. A client that has the key is through in some round trips; so to drive it away somebody would
   * have to connect as often as the limit says within that time. If the newest were refused, one who connects and is silent would keep everybody
   * out as long as he likes. Beyond the loopback interface there is also a limit for each address, of which the first one of
   * that address is closed: so nobody drives away clients of other hosts alone. All processes of this host have the same address, or none.
   */
  static final int MOST = 1024;
  static final int MOST_OF_ADDRESS = 128;

  private final Map<Channel, Long> all =
      new LinkedHashMap<>(); // in the order in which they came, and when
  private final Map<InetAddress, Set<Channel>> ofAddress = new HashMap<>(); // of other hosts
  private final GuestLog log;

  HalfOpen(GuestLog log) {
    this.log = log;
  }

  /** Adds one that has just come. */
  void add(Channel channel) {
    all.put(channel, System.nanoTime());
    InetAddress remote = remote(channel);
    if (remote != null) {
      Set<Channel> others = ofAddress.computeIfAbsent(remote, first -> new LinkedHashSet<>());
      others.add(channel);
      if (others.size() > MOST_OF_ADDRESS) {
        closeFirst(
            others,
            "more than " + MOST_OF_ADDRESS + " connections of " + remote
                + " have not proved to know the key");
      }
    }
    if (all.size() > MOST) {
      closeFirst(
          all.keySet(), "more than " + MOST + " connections have not proved to know the key");
    }
  }

  /** Removes one that is through, or has gone. */
  void remove(Channel channel) {
    all.remove(channel);
    InetAddress remote = remote(channel);
    Set<Channel> others = remote == null ? null : ofAddress.get(remote);
    if (remote != null && others != null) {
      others.remove(channel);
      if (others.isEmpty()) {
        ofAddress.remove(remote);
      }
    }
  }

  /** Closes the one that came first, if it came so long ago: somebody else needs what it has. */
  void closeFirst(long nanos) {
    Iterator<Map.Entry<Channel, Long>> entries = all.entrySet().iterator();
    if (entries.hasNext()) {
      Map.Entry<Channel, Long> first = entries.next();
      if (System.nanoTime() - first.getValue() > nanos) {
        close(first.getKey());
      }
    }
  }

  private void closeFirst(Set<Channel> from, String why) {
    close(from.iterator().next());
    log.warn(why + "; the first one was closed");
  }

  private void close(Channel channel) {
    remove(channel);
    channel.unsafe().close(channel.unsafe().voidPromise()); // at once, whatever it has not taken
  }

  private static @Nullable InetAddress remote(Channel channel) {
    return channel.remoteAddress() instanceof InetSocketAddress inet
            && inet.getAddress() != null
            && !inet.getAddress().isLoopbackAddress()
        ? inet.getAddress()
        : null;
  }
}
