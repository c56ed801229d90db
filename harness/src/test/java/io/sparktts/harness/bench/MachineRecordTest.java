package io.sparktts.harness.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.Map;

class MachineRecordTest {
    @Test
    void versionsOfTheDriver() {
        String text =
                """
                NVIDIA-SMI version  : 580.159.04
                NVML version        : 580.159
                DRIVER version      : 580.159.04
                CUDA Version        : 13.0
                """;
        Map<String, String> versions = MachineRecord.versions(text);
        assertEquals("580.159.04", versions.get("driver version"));
        assertEquals("13.0", versions.get("cuda version"));
        assertEquals(Map.of(), MachineRecord.versions("command not found"));
    }
}
