package org.dcmigrate.peer.guest.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dcmigrate.peer.guest.qemu.QemuTestVm.Shape;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestMemoryTest {
  private static final String VRAM = "0000:00:02.0/vga.vram";

  @TempDir Path directory;

  @Test
  void memoryOfDeviceIsReadFromTheProcess() throws Exception {
    TestGuests.requireQemu();
    try (QemuTestVm vm = QemuTestVm.churn(directory, Shape.GRAPHICS, "A=2048 D=64 H=5 V=512");
        Qmp qmp = Qmp.connect(vm.guestConfig().qmpSocket(), event -> {})) {
      Geometry geometry =
          new Geometry(
              GuestFacts.ask(qmp).blocks().stream()
                  .map(block -> new RamBlock(block.name(), block.usedBytes()))
                  .toList());
      int vram = geometry.blocks().indexOf(new RamBlock(VRAM, 64L << 20));
      assertThat(vram).as(geometry.toString()).isNotNegative();
      try (GuestMemory memory = GuestMemory.open(qmp, geometry, Map.of())) {
        assertThat(memory.isCopied(vram)).isFalse();
      }
    }
  }

  @Test
  void blocksOfDevicesAreFoundByTheirRegions() {
    Map<String, Long> regions = Map.of("pc.ram", 1L, "vga.vram", 2L);
    assertThat(GuestMemory.addresses(List.of("pc.ram", VRAM, "pc.bios"), regions))
        .containsOnly(Map.entry("pc.ram", 1L), Map.entry(VRAM, 2L));
    assertThat(GuestMemory.addresses(List.of(VRAM, "0000:00:03.0/vga.vram"), regions)).isEmpty();
  }

  @Test
  void tooMuchMemoryOfDeviceHasItsOwnRemedy() {
    Geometry geometry = new Geometry(List.of(new RamBlock(VRAM, 256L << 20)));
    DcmException refused =
        catchThrowableOfType(
            DcmException.class,
            () ->
                CommandLine.of(
                    new QemuAdapterConfig(
                        List.of(new QemuAdapterConfig.Template("*", List.of("qemu"))),
                        QemuTestVm.SET_UP),
                    "vm",
                    new GuestMetadata(QemuAdapter.KIND, geometry, new TreeMap<>(), new byte[0]),
                    new QemuFiles(directory)));
    assertThat(refused.reason()).isEqualTo(Reason.GUEST_UNSUPPORTED);
    assertThat(refused.sentence()).contains("smaller vgamem_mb").doesNotContain("-object");
  }
}
