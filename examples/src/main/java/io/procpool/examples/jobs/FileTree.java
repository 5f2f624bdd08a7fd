// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The regular files that are named by arguments: a file stands for itself, a directory for every regular file below it.
 * Arguments come in their order, the files of a directory in the byte order of their names from the directory on, as
 * {@code find DIRECTORY -type f | LC_ALL=C sort} has them. Below a directory, symbolic links are not followed and devices,
 * pipes and sockets are left out.
 *
 * <p>Directories are listed while the iteration goes on, one at a time, so a large tree starts at once. A directory that
 * cannot be listed is returned as an entry with a {@link Entry#problem() problem}, and the others go on.
 *
 * <p>Safe for use by multiple threads; its iterators are not.
 */
final class FileTree implements Iterable<FileTree.Entry> {
  /*
   * Names are bytes. On Linux a file name need not be text in the locale's encoding, and a Path's toString() replaces what
   * it cannot decode. A Path's URI holds every byte, so files travel to workers as URIs and are printed from their bytes.
   *
   * Order. Sorting each directory by name, with a '/' behind the names of directories, makes the depth-first walk come in
   * the order of the full paths.
   */

  /**
   * A file.
   *
   * @param file where it is; absolute
   * @param name the bytes of its path as the user would write it: the argument, then what is below it
   * @param sizeBytes its size when it was found
   * @param problem why this stands for a directory or file that cannot be read; null if all is well
   */
  record Entry(
      URI file, byte[] name, long sizeBytes, @Nullable String problem) implements Serializable {
    /** Returns the name as text, for messages. */
    String text() {
      return new String(name, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return text();
    }
  }

  private record Node(Path path, byte[] name, BasicFileAttributes attributes) {
    byte[] sortKey() {
      return attributes.isDirectory() ? append(name, new byte[] {'/'}) : name;
    }
  }

  private final List<Node> roots = new ArrayList<>();
  private final boolean withHidden;

  private FileTree(boolean withHidden) {
    this.withHidden = withHidden;
  }

  /**
   * Looks at the arguments and at nothing below them.
   *
   * @param withHidden whether names that start with a dot count below a directory; an argument always counts
   * @throws IllegalArgumentException naming the argument that is no file or directory that can be read
   */
  static FileTree of(List<String> arguments, boolean withHidden) {
    FileTree tree = new FileTree(withHidden);
    for (String argument : arguments) {
      tree.roots.add(root(argument));
    }
    return tree;
  }

  private static Node root(String argument) {
    if (argument.isEmpty()) {
      throw new IllegalArgumentException("an empty argument (expected: a file or directory)");
    }
    BasicFileAttributes attributes;
    Path path;
    try {
      path = Path.of(argument);
      attributes = Files.readAttributes(path, BasicFileAttributes.class);
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new IllegalArgumentException(
          "no such file or directory: " + argument + "; give one that exists", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "cannot look at " + argument + ": " + e + "; check its folders' permissions", e);
    }
    if (!attributes.isDirectory() && !attributes.isRegularFile()) {
      throw new IllegalArgumentException(
          "neither a file nor a directory: " + argument + "; give one of these");
    }
    if (!Files.isReadable(path)) {
      throw new IllegalArgumentException(
          "not readable: " + argument + "; change its permissions, or leave it out");
    }
    byte[] absolute = bytes(path.toAbsolutePath());
    byte[] name = path.isAbsolute()
        ? absolute
        : Arrays.copyOfRange(absolute, workingDirectory().length, absolute.length);
    return new Node(path, name, attributes);
  }

  /** Returns the current directory with a separator at its end, which the root has already. */
  private static byte[] workingDirectory() {
    return below(bytes(Path.of("").toAbsolutePath()), new byte[0]);
  }

  @Override
  public Iterator<Entry> iterator() {
    return new Walk();
  }

  private final class Walk implements Iterator<Entry> {
    private final Deque<Iterator<Node>> levels = new ArrayDeque<>();
    private @Nullable Entry next;

    Walk() {
      levels.push(roots.iterator());
      advance();
    }

    @Override
    public boolean hasNext() {
      return next != null;
    }

    @Override
    public Entry next() {
      Entry result = next;
      if (result == null) {
        throw new NoSuchElementException("no further file");
      }
      advance();
      return result;
    }

    private void advance() {
      next = null;
      while (next == null && !levels.isEmpty()) {
        Iterator<Node> level = levels.peek();
        if (!level.hasNext()) {
          levels.pop();
          continue;
        }
        Node node = level.next();
        if (node.attributes().isRegularFile()) {
          next = entry(node, null);
        } else if (node.attributes().isDirectory()) {
          try {
            levels.push(children(node).iterator());
          } catch (IOException e) {
            next = entry(node, "cannot list the directory: " + e);
          }
        }
      }
    }
  }

  private static Entry entry(Node node, @Nullable String problem) {
    return new Entry(node.path().toUri(), node.name(), node.attributes().size(), problem);
  }

  private List<Node> children(Node directory) throws IOException {
    List<Node> children = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory.path())) {
      for (Path path : stream) {
        byte[] name = lastName(bytes(path.toAbsolutePath()));
        if (!withHidden && name[0] == '.') {
          continue;
        }
        try {
          children.add(new Node(
              path,
              below(directory.name(), name),
              Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)));
        } catch (NoSuchFileException e) {
          // Deleted since the directory was read: as if it had never been there.
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    children.sort((a, b) -> Arrays.compareUnsigned(a.sortKey(), b.sortKey()));
    return children;
  }

  private static byte[] below(byte[] directory, byte[] name) {
    boolean separated = directory[directory.length - 1] == '/';
    return append(separated ? directory : append(directory, new byte[] {'/'}), name);
  }

  private static byte[] lastName(byte[] path) {
    int start = path.length;
    while (start > 0 && path[start - 1] != '/') {
      start--;
    }
    return Arrays.copyOfRange(path, start, path.length);
  }

  /** Returns the bytes of an absolute path, without a separator at its end. */
  private static byte[] bytes(Path absolute) {
    String encoded = Objects.requireNonNull(absolute.toUri().getRawPath());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < encoded.length(); i++) {
      char c = encoded.charAt(i);
      if (c == '%') {
        bytes.write(Integer.parseInt(encoded, i + 1, i + 3, 16));
        i += 2;
      } else {
        bytes.write(c);
      }
    }
    byte[] path = bytes.toByteArray();
    boolean marked = path.length > 1 && path[path.length - 1] == '/';
    return marked ? Arrays.copyOf(path, path.length - 1) : path;
  }

  private static byte[] append(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
