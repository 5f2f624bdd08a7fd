// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * N01: a TCP server that sends each line back in upper case. Each connection has a thread of its own, so two clients are served at once.
 * First that thread computes the answer itself; then the same server has every request computed in a pool, so that what a request does,
 * even if it ends its process, is no danger to the server.
 *
 * <p>Safe for use by multiple threads.
 */
public final class UpperCaseServer {
  private static final int WORKERS = 2;
  private static final int PATIENCE_MILLIS = 60_000;

  private UpperCaseServer() {}

  /**
   * What was seen.
   *
   * @param byThreads what the clients were answered by the threads of the connections, in the order of their requests
   * @param byPool what they were answered by the pool
   * @param threadPids the processes that computed the first
   * @param poolPids the processes that computed the second
   */
  record Seen(
      List<String> byThreads, List<String> byPool, Set<Long> threadPids, Set<Long> poolPids) {}

  /** An answer, and which process has computed it. */
  private record Answer(String text, long pid) implements Serializable {}

  /** How the server computes an answer. */
  private interface Computing {
    Answer answer(String request) throws Exception;
  }

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws IOException, InterruptedException {
    Set<Long> threadPids = new ConcurrentSkipListSet<>();
    Set<Long> poolPids = new ConcurrentSkipListSet<>();
    List<String> byThreads = talk(settings, "thread", UpperCaseServer::upperCase, threadPids);
    try (Pool pool = settings.pool(WORKERS)) {
      List<String> byPool =
          talk(settings, "pool", line -> pool.apply(UpperCaseServer::upperCase, line), poolPids);
      return new Seen(byThreads, byPool, threadPids, poolPids);
    }
  }

  private static Answer upperCase(String request) {
    return new Answer(request.toUpperCase(Locale.ROOT), ProcessHandle.current().pid());
  }

  /** Has two clients talk in turn to one server, both connected all the time. */
  private static List<String> talk(
      ProgramSettings settings, String how, Computing computing, Set<Long> pids)
      throws IOException, InterruptedException {
    List<String> answers = new ArrayList<>();
    try (Server server = new Server(computing, pids);
        Client first = new Client(server.port());
        Client second = new Client(server.port())) {
      for (String word : List.of("hello", "how are you", "bye")) {
        answers.add(first.ask(word + " from the first"));
        answers.add(second.ask(word + " from the second"));
      }
    }
    answers.forEach(answer -> settings.out().println(how + ": " + answer));
    return answers;
  }

  /** The server: a thread that accepts, and one for each connection. */
  private static final class Server implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    private final List<Thread> connections =
        new ArrayList<>(); // the accepting thread's until it has ended
    private final Thread accepting = new Thread(this::accept, "accept");
    private final Computing computing;
    private final Set<Long> pids;

    Server(Computing computing, Set<Long> pids) throws IOException {
      this.computing = computing;
      this.pids = pids;
      accepting.start();
    }

    int port() {
      return socket.getLocalPort();
    }

    private void accept() {
      try {
        while (true) {
          Socket client = socket.accept();
          Thread connection = new Thread(() -> serve(client), "connection " + client.getPort());
          connections.add(connection);
          connection.start();
        }
      } catch (IOException closed) {
        // That is how the server ends.
      }
    }

    private void serve(Socket client) {
      try (client;
          BufferedReader in = reader(client);
          PrintStream out = writer(client)) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          Answer answer = computing.answer(line);
          pids.add(answer.pid());
          out.println(answer.text());
        }
      } catch (Exception e) {
        System.err.println(Thread.currentThread().getName() + ": " + e);
      }
    }

    /** Stops accepting, and waits for the connections, whose clients end them. */
    @Override
    public void close() throws IOException, InterruptedException {
      socket.close();
      accepting.join();
      for (Thread connection : connections) {
        connection.join();
      }
    }
  }

  /** A client, which sends lines. */
  private static final class Client implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader in;
    private final PrintStream out;

    Client(int port) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(PATIENCE_MILLIS);
      in = reader(socket);
      out = writer(socket);
    }

    String ask(String line) throws IOException {
      out.println(line);
      String answer = in.readLine();
      if (answer == null) {
        throw new IOException("the server has closed the connection");
      }
      return answer;
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static BufferedReader reader(Socket socket) throws IOException {
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
  }

  private static PrintStream writer(Socket socket) throws IOException {
    return new PrintStream(socket.getOutputStream(), true, StandardCharsets.UTF_8);
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
