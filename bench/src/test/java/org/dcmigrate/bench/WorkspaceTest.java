package org.dcmigrate.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a run starts and makes goes with it. */
class WorkspaceTest {
  @Test
  void processesStraysAndFilesGo() throws Exception {
    Process started;
    Process stray;
    Path directory;
    try (Workspace workspace = Workspace.create()) {
      directory = workspace.directory();
      started = workspace.start("sleeper", List.of("sleep", "600"));
      // As a virtual machine that a peer started: it names a file of ours.
      stray =
          new ProcessBuilder("tail", "-f", Files.createFile(directory.resolve("file")).toString())
              .start();
      assertThat(started.isAlive()).isTrue();
      assertThat(stray.isAlive()).isTrue();
    }
    assertThat(started.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(stray.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(directory).doesNotExist();
  }

  @Test
  void isUndoneInReverseAndOnlyOnce() throws BenchException {
    List<String> undone = new ArrayList<>();
    Workspace workspace = Workspace.create();
    workspace.atEnd(() -> undone.add("first"));
    workspace.atEnd(() -> undone.add("second"));
    workspace.close();
    workspace.close();
    assertThat(undone).containsExactly("second", "first");
  }

  @Test
  void whatComesTooLateIsUndoneAtOnce() throws BenchException {
    List<String> undone = new ArrayList<>();
    Workspace workspace = Workspace.create();
    workspace.close();
    assertThatThrownBy(() -> workspace.atEnd(() -> undone.add("late")))
        .isInstanceOf(BenchException.class);
    assertThat(undone).containsExactly("late");
  }
}
