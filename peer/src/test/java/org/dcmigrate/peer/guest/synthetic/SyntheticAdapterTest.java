package org.dcmigrate.peer.guest.synthetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.guest.synthetic.SyntheticSpec.Pattern;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyntheticAdapterTest {
  private static final long MEMORY = 4096L * 2000;

  @TempDir Path directory;

  @Test
  void whatDoesNotFitIsRefused() throws DcmException {
    SyntheticAdapter adapter = new SyntheticAdapter();
    SyntheticSpec spec = new SyntheticSpec(MEMORY, 10, Pattern.UNIFORM, 1, 0);
    Geometry geometry = spec.geometry();
    try (GuestHome home = GuestHome.open(directory.resolve("home"), geometry)) {
      GuestMetadata other = metadata("qemu", geometry, spec.properties());
      refused(() -> adapter.prepare("a", other, home), Reason.GUEST_UNSUPPORTED);
      GuestMetadata empty = metadata("synthetic", geometry, Map.of());
      refused(() -> adapter.prepare("a", empty, home), Reason.GUEST_INCOMPATIBLE);
      Geometry foreign = new SyntheticSpec(4096 * 15, 0, Pattern.HOT, 1, 0).geometry();
      GuestMetadata odd =
          metadata(
              "synthetic",
              new Geometry(List.of(foreign.blocks().getFirst(), geometry.blocks().getLast())),
              spec.properties());
      refused(() -> adapter.prepare("a", odd, home), Reason.GUEST_INCOMPATIBLE);
      GuestShell shell =
          adapter.prepare("a", metadata("synthetic", geometry, spec.properties()), home);
      assertThat(shell.resume()).isInstanceOf(GuestShell.Resumption.NeverRan.class);
      refused(() -> shell.load(new byte[23]), Reason.GUEST_INCOMPATIBLE);
      refused(() -> shell.load(new byte[24]), Reason.GUEST_INCOMPATIBLE);
      shell.discard();
      shell.discard();
      refused(() -> adapter.recover("a", home, true), Reason.GUEST_FAILED);
    }
    assertThatThrownBy(() -> new SyntheticSpec(1000, 0, Pattern.HOT, 1, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new SyntheticSpec(4096, -1, Pattern.HOT, 1, 0))
        .isInstanceOf(IllegalArgumentException.class);
    refused(() -> SyntheticGuest.create("a", spec, directory), Reason.GUEST_EXISTS);
  }

  private interface Action {
    void run() throws DcmException;
  }

  private static void refused(Action action, Reason reason) {
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(action::run)
        .matches(why -> why.reason() == reason, reason.name());
  }

  private static GuestMetadata metadata(
      String kind, Geometry geometry, Map<String, String> properties) {
    return new GuestMetadata(kind, geometry, new TreeMap<>(properties), new byte[0]);
  }
}
