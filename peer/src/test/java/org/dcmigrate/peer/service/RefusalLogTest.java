package org.dcmigrate.peer.service;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.dcmigrate.peer.Daemon;
import org.dcmigrate.peer.TestPeers;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.v1.MigrateRequest;
import org.dcmigrate.v1.RedirectRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A migration or redirect that is refused at once leaves a line in the source's log. */
class RefusalLogTest {
  @TempDir private Path directory;
  private final Logger log = (Logger) LoggerFactory.getLogger(MigrationEndpoint.class);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

  @BeforeEach
  void listen() {
    lines.start();
    log.addAppender(lines);
  }

  @AfterEach
  void stopListening() {
    log.detachAppender(lines);
  }

  @Test
  void refusalsAreLogged() throws Exception {
    try (TestPeers peers = TestPeers.start(directory, "a", "b")) {
      Daemon daemon = peers.peer("a");
      Peers.Peer self = new Peers.Peer("a", "127.0.0.1:1", TestPeers.id("a"));
      MigrationEndpoint endpoint =
          new MigrationEndpoint(
              daemon.migrations(),
              daemon.holders(),
              new Peers(
                  self,
                  List.of(),
                  peer -> {
                    throw new AssertionError();
                  }),
              daemon.egress(),
              0);
      endpoint.migrate(
          MigrateRequest.newBuilder().setGuest("no\nbody").setDestination("b").build(),
          new Ignored<>());
      String unknown = UUID.randomUUID().toString();
      endpoint.redirect(
          RedirectRequest.newBuilder().setMigrationId(unknown).setDestination("b").build(),
          new Ignored<>());

      assertThat(lines.list)
          .extracting(ILoggingEvent::getLevel)
          .containsExactly(Level.WARN, Level.WARN);
      assertThat(lines.list.get(0).getFormattedMessage())
          .contains("to \"b\" was refused: GUEST_UNKNOWN: ")
          .doesNotContain("\n");
      assertThat(lines.list.get(1).getFormattedMessage())
          .contains("redirect of migration \"" + unknown + "\"")
          .contains("was refused: MIGRATION_UNKNOWN: ");
    }
  }

  private static final class Ignored<A> implements StreamObserver<A> {
    @Override
    public void onNext(A answer) {}

    @Override
    public void onError(Throwable refusal) {}

    @Override
    public void onCompleted() {}
  }
}
