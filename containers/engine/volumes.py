"""Data folders, in and out, by the engine's archive calls: those need neither a shell nor tar in the image."""

import builtins
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from docker import APIClient
from docker.errors import APIError

from containers.engine.base import LABEL, ContainerSpec, ImageMissing, Limits, VolumeBusy, VolumeFull
from containers.engine.faults import translated
from containers.engine.hostconfig import host_config


class Volumes:
    """The part of the Docker engine that is about volumes; the rest of it has what is abstract here."""

    @property
    @abstractmethod
    def api(self) -> APIClient:
        """The client of the thread at hand."""

    @abstractmethod
    def limits(self) -> Limits: ...

    def volumes(self, labels: Mapping[str, str]) -> builtins.list[str]:
        with translated():
            found = self.api.volumes(filters={"label": [f"{key}={value}" for key, value in labels.items()]})
        return [row["Name"] for row in found["Volumes"] or []]

    def remove_volume(self, name: str) -> None:
        with translated(absent_is_fine=True):
            try:
                self.api.remove_volume(name)
            except APIError as exc:
                if exc.status_code == 409:
                    raise VolumeBusy(f"The volume {name} is still in use.", retry_after=1) from exc
                raise

    def read_folder(self, name: str, folder: str) -> Iterator[bytes]:
        with translated():
            chunks, _ = self.api.get_archive(name, str(PurePosixPath(folder)))
            yield from chunks

    def fill_volume(self, name: str, spec: ContainerSpec, tar: Iterable[bytes]) -> None:
        self.drop_volume(name, spec.volume)
        config = {
            "Image": spec.image,
            "Cmd": list(spec.command) or ["none"],  # it never runs; some images name no program
            "Labels": {LABEL: spec.labels[LABEL], "warren.archive": name},
            "HostConfig": {**host_config(spec, replace(self.limits(), layer=False)), "NetworkMode": "none", "Dns": []},
        }
        with translated():
            try:
                self.api.create_container_from_config(config, name)
            except APIError as exc:
                if exc.status_code == 404:
                    raise ImageMissing(f"The engine has no image {spec.image}.") from exc
                raise
            # From the folder above, so that the data folder's own mode and owner are taken over, too.
            try:
                self.api.put_archive(name, str(PurePosixPath(spec.data_folder).parent), iter(tar))
            except APIError as exc:
                if any(word in str(exc.explanation).lower() for word in ("no space left", "quota exceeded")):
                    raise VolumeFull(
                        "There is no room for the data where containers keep theirs. Restore less, or tell whoever "
                        "runs Warren. The old data is untouched."
                    ) from exc
                raise
            self.api.remove_container(name, force=True, v=True)  # v: what the image itself wants volumes for

    def drop_volume(self, name: str, volume: str) -> None:
        with translated(absent_is_fine=True):
            self.api.remove_container(name, force=True, v=True)  # v: what the image itself wants volumes for
        self.remove_volume(volume)
