package org.dcmigrate.peer.guest.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class GuestFactsTest {
  @Test
  void readsRamBlocksOfOldAndNewTables() {
    String old =
        """
                      Block Name    PSize              Offset               Used              Total
                          pc.ram    4 KiB  0x0000000000000000 0x0000000002020000 0x0000000002020000
            /rom@etc/acpi/tables    4 KiB  0x0000000005100000 0x0000000000020000 0x0000000000200000
        """;
    List<GuestFacts.Block> expected =
        List.of(
            new GuestFacts.Block("pc.ram", 0x2020000, 0x2020000),
            new GuestFacts.Block("/rom@etc/acpi/tables", 0x20000, 0x200000));
    assertEquals(expected, GuestFacts.ramBlocks(old));
    String later =
        old.replace("2020000\n", "2020000 0x00007f0000000000  rw\n")
            .replace("200000\n", "200000 0x00007f0000000000  ro\n");
    assertEquals(expected, GuestFacts.ramBlocks(later));
  }

  @Test
  void placesPciDevicesBehindTheirBridges() {
    String tree =
        """
        bus: main-system-bus
          dev: q35-pcihost, id ""
            bus: pcie.0
              dev: pcie-root-port, id "rp1"
                addr = 02.0
                class PCI bridge, addr 00:02.0, pci id 1b36:000c (sub 0000:0000)
                bus: rp1
                  dev: virtio-rng-pci, id ""
                    addr = 00.0
                    class Class 00ff, addr 01:00.0, pci id 1af4:1044 (sub 1af4:1100)
              dev: VGA, id ""
                addr = 01.0
                class VGA controller, addr 00:01.0, pci id 1234:1111 (sub 1af4:1100)
        """;
    assertEquals(
        "01.0=1234:1111(1af4:1100) 02.0/00.0=1af4:1044(1af4:1100) 02.0=1b36:000c(0000:0000)",
        GuestFacts.pciDevices(tree));
  }

  @Test
  void globsMatchWholeNames() {
    assertTrue(CommandLine.matches("web-*", "web-1"));
    assertTrue(CommandLine.matches("w?b", "w.b"));
    assertFalse(CommandLine.matches("w.b", "web"));
    assertFalse(CommandLine.matches("web", "web-1"));
  }
}
