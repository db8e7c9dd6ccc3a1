package org.dcmigrate.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.dcmigrate.peer.config.ConfigFile;
import org.dcmigrate.peer.journal.WriteObserver;
import org.dcmigrate.peer.source.TransitionObserver;

/** A daemon as {@link Main} starts it, which its {@link Trouble} befalls once. */
final class TroubledPeer implements WriteObserver {
  static final String TROUBLE = "dcm.test.trouble";
  static final String SIGN = "dcm.test.sign";

  private final Trouble trouble;
  private final Path sign;
  private final AtomicBoolean over = new AtomicBoolean();

  private TroubledPeer(Trouble trouble, Path sign) {
    this.trouble = trouble;
    this.sign = sign;
  }

  public static void main(String[] arguments) throws Exception {
    Trouble trouble = Trouble.parse(System.getProperty(TROUBLE, ""));
    WriteObserver observer = new TroubledPeer(trouble, Path.of(System.getProperty(SIGN, "")));
    Daemon.start(ConfigFile.read(Path.of(arguments[1])), TransitionObserver.NONE, observer)
        .awaitEnd();
  }

  @Override
  public void writing(String record) {
    comes(record, Trouble.Moment.BEFORE);
  }

  @Override
  public void written(String record) {
    comes(record, Trouble.Moment.AFTER);
  }

  private void comes(String record, Trouble.Moment moment) {
    if (!record.equals(trouble.record())
        || moment != trouble.moment()
        || !over.compareAndSet(false, true)) {
      return;
    }
    try {
      Files.createFile(sign);
      switch (trouble.kind()) {
        case KILL -> signal("-KILL");
        case STOP -> signal("-STOP");
        case HOLD -> {
          while (Files.exists(sign)) {
            LockSupport.parkNanos(1_000_000);
          }
        }
        case NONE -> throw new IllegalStateException("no trouble comes at a record");
      }
    } catch (IOException | InterruptedException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /** The process is gone, or stands still, before kill has ended. */
  private static void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", name, String.valueOf(ProcessHandle.current().pid()))
        .start()
        .waitFor();
  }
}
